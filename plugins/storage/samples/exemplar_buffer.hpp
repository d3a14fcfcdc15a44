// ExemplarBuffer: the newest exemplars of all series, in the order in which they came; the oldest is pushed out by the newest. It
// keeps the labels of their series itself, so an exemplar needs no series in the head, and is answered until it is pushed out, also
// when its series was forgotten there.
#pragma once

#include <deque>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "exemplar_codec.hpp"
#include "matcher.hpp"
#include "symbols.hpp"

namespace tarsier::samples {

enum class ExemplarAdded : uint8_t { kept, duplicate, out_of_order };

class ExemplarBuffer {
 public:
  /// One series' exemplars, ascending; a copy.
  struct Found {
    struct Item {
      int64_t time;
      double value;
      std::string labels;
    };
    std::string series;
    std::vector<Item> exemplars;
  };
  struct Limits {
    uint64_t series = 0;     // 0: none
    uint64_t exemplars = 0;  // 0: none
  };

  /// `most` exemplars, of kBytesEach on average. 0: none is kept.
  explicit ExemplarBuffer(uint64_t most) noexcept : most_(most) {}
  static constexpr uint64_t kBytesEach = 512;

  uint64_t most() const noexcept { return most_; }
  /// What add() would say. One that is there already (among the last few of its series) is a duplicate, so that a batch may come
  /// again.
  ExemplarAdded check(std::string_view series, const Exemplar& exemplar) const;
  /// Keeps it unless it is a duplicate or older than its series' newest: by time, then value, then labels. Not to be called with
  /// most() 0.
  ExemplarAdded add(std::string_view series, const Exemplar& exemplar);

  /// Exemplars are numbered as they come: there are those of [first, end).
  uint64_t first() const;
  uint64_t end() const;
  uint64_t size() const;
  uint64_t bytes() const;
  /// Calls use(series, exemplar) for those of [from, to) that are there.
  template <class Use>
  void each(uint64_t from, uint64_t to, Use&& use) const {
    const std::shared_lock lock(mutex_);
    to = std::min(to, first_ + entries_.size());
    for (uint64_t at = std::max(from, first_); at < to; ++at) {
      const Entry& entry = entries_[at - first_];
      use(std::string_view(entry.series->first), entry.view());
    }
  }
  /// Those in [start, end] of the series for which all matchers hold. RESOURCE above a limit.
  Result<std::vector<Found>> select(std::span<const Matcher> matchers, int64_t start, int64_t end, const Limits& limits) const;

 private:
  struct Kept {
    uint64_t newest = 0;  // its number
    uint64_t count = 0;
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept { return hash_text(text); }
  };
  using SeriesMap = std::unordered_map<std::string, Kept, TextHash, std::equal_to<>>;  // by labels; its elements never move
  struct Entry {
    int64_t time = 0;
    double value = 0;
    SeriesMap::value_type* series = nullptr;
    std::unique_ptr<char[]> labels;
    uint32_t label_bytes = 0;
    uint32_t back = 0;  // how many before it the one before it of its series is; 0: it was the first
    Exemplar view() const noexcept { return {time, value, {labels.get(), label_bytes}}; }
  };
  static uint64_t cost(const Entry& entry) noexcept;
  static uint64_t cost(const SeriesMap::value_type& series) noexcept;
  ExemplarAdded judge(std::string_view series, const Exemplar& exemplar) const;
  void push_out();
  void collect(const SeriesMap::value_type& series, int64_t start, int64_t end, std::vector<Found::Item>& out) const;

  const uint64_t most_;
  mutable std::shared_mutex mutex_;  // guards what follows
  SeriesMap series_;
  std::deque<Entry> entries_;
  uint64_t first_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace tarsier::samples
