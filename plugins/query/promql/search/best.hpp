// Best: the first so many of the names that are found, in an order; the others are not kept.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::promql::search {

struct Found {
  std::string name;
  double score = 1;
};

enum class Order : uint8_t { kByName, kByNameDescending, kByScore };  // equal scores: by name

class Best {
 public:
  Best(size_t limit, Order order) : limit_(limit), kept_(Before{order}) {}

  /// A name may come several times, with the same score.
  void add(std::string_view name, double score) {
    const Candidate one{name, score};
    if (kept_.find(one) != kept_.end()) return;
    if (kept_.size() == limit_) {
      more_ = true;
      if (limit_ == 0 || !kept_.key_comp()(one, *kept_.rbegin())) return;
      kept_.erase(std::prev(kept_.end()));
    }
    kept_.insert(Found{std::string(name), score});
  }
  /// Whether others were found, too.
  bool more() const noexcept { return more_; }
  std::vector<Found> take() {
    std::vector<Found> out;
    out.reserve(kept_.size());
    while (!kept_.empty()) out.push_back(std::move(kept_.extract(kept_.begin()).value()));
    return out;
  }

 private:
  struct Candidate {
    std::string_view name;
    double score;
  };
  struct Before {
    using is_transparent = void;
    Order order;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      if (order == Order::kByScore && a.score != b.score) return a.score > b.score;
      const int compared = std::string_view(a.name).compare(b.name);
      return order == Order::kByNameDescending ? compared > 0 : compared < 0;
    }
  };
  const size_t limit_;
  std::set<Found, Before> kept_;
  bool more_ = false;
};

}  // namespace tarsier::promql::search
