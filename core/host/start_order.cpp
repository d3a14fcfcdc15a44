#include "core/host/start_order.hpp"

#include <algorithm>
#include <string_view>

namespace tarsier::host {
namespace {

struct Edge {
  size_t provider;
  const std::string* service;
  bool optional;
};

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// "tarsier.notifier/1@oncall": the service, and the only instance that may offer it.
bool offers(const StartNode& node, std::string_view need) {
  const size_t at = need.find('@');
  if (at == std::string_view::npos) return contains(node.offers, need);
  return node.instance == need.substr(at + 1) && contains(node.offers, need.substr(0, at));
}

std::string label(const StartNode& node) { return node.instance + " (" + node.plugin + ", " + node.file + ")"; }

class Sorter {
 public:
  explicit Sorter(const std::vector<StartNode>& nodes) : nodes_(nodes), edges_(nodes.size()), state_(nodes.size(), State::open) {}

  StartOrder sort() {
    for (size_t i = 0; i < nodes_.size(); ++i) connect(i);
    refuse_dependants();
    while (true) {
      while (place_level()) {
      }
      if (!open_left()) break;
      break_cycle();
      refuse_dependants();
    }
    for (const auto& edges : edges_) {
      auto& providers = order_.providers.emplace_back();
      for (const Edge& edge : edges) providers.push_back(edge.provider);
    }
    return std::move(order_);
  }

 private:
  enum class State { open, placed, refused };

  void connect(size_t i) {
    std::string missing;
    for (const std::string& need : nodes_[i].needs) {
      if (!add_edges(i, need, false)) missing += (missing.empty() ? "" : ", ") + need;
    }
    if (!missing.empty()) refuse(i, "needs " + missing + ", which no configured plugin offers");
    for (const std::string& wish : nodes_[i].wishes) (void)add_edges(i, wish, true);
  }

  bool add_edges(size_t i, const std::string& service, bool optional) {
    bool found = false;
    for (size_t j = 0; j < nodes_.size(); ++j) {
      if (j == i || !offers(nodes_[j], service)) continue;
      edges_[i].push_back({j, &service, optional});
      found = true;
    }
    return found;
  }

  void refuse(size_t i, std::string reason) {
    if (state_[i] != State::open) return;
    state_[i] = State::refused;
    order_.refused.push_back({i, std::move(reason)});
  }

  // A need is met while one of its providers is left.
  void refuse_dependants() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < nodes_.size(); ++i) {
        if (state_[i] != State::open) continue;
        std::string lacks;
        for (const std::string& need : nodes_[i].needs) {
          if (const Edge* lost = unmet(i, need); lost != nullptr)
            lacks += (lacks.empty() ? "" : ", ") + need + " of " + nodes_[lost->provider].instance;
        }
        if (lacks.empty()) continue;
        refuse(i, "needs " + lacks + ", which cannot start");
        changed = true;
      }
    }
  }

  const Edge* unmet(size_t i, const std::string& need) const {
    const Edge* last = nullptr;
    for (const Edge& edge : edges_[i]) {
      if (*edge.service != need || edge.optional) continue;
      if (state_[edge.provider] != State::refused) return nullptr;
      last = &edge;
    }
    return last;
  }

  bool place_level() {
    std::vector<size_t> level;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const auto waits = [&](const Edge& edge) { return state_[edge.provider] == State::open; };
      if (state_[i] == State::open && std::none_of(edges_[i].begin(), edges_[i].end(), waits)) level.push_back(i);
    }
    for (const size_t i : level) state_[i] = State::placed;
    if (level.empty()) return false;
    order_.levels.push_back(std::move(level));
    return true;
  }

  bool open_left() const { return std::find(state_.begin(), state_.end(), State::open) != state_.end(); }

  // Every open node waits for another open one, so following such edges ends in a cycle. An optional edge in it is dropped; a cycle
  // of needs is refused.
  void break_cycle() {
    size_t at = static_cast<size_t>(std::find(state_.begin(), state_.end(), State::open) - state_.begin());
    std::vector<size_t> path;
    while (std::find(path.begin(), path.end(), at) == path.end()) {
      path.push_back(at);
      at = open_edge(at)->provider;
    }
    path.erase(path.begin(), std::find(path.begin(), path.end(), at));
    for (const size_t i : path) {
      const auto edge = open_edge(i);
      if (!edge->optional) continue;
      edges_[i].erase(edge);
      return;
    }
    std::string text = "needs go in a circle:";
    for (const size_t i : path) {
      const auto edge = open_edge(i);
      text += (i == path.front() ? " " : ", ") + label(nodes_[i]) + " needs " + *edge->service + " of " +
              nodes_[edge->provider].instance;
    }
    for (const size_t i : path) refuse(i, text);
  }

  std::vector<Edge>::iterator open_edge(size_t i) {
    return std::find_if(edges_[i].begin(), edges_[i].end(), [&](const Edge& edge) { return state_[edge.provider] == State::open; });
  }

  const std::vector<StartNode>& nodes_;
  std::vector<std::vector<Edge>> edges_;
  std::vector<State> state_;
  StartOrder order_;
};

}  // namespace

StartNode start_node(std::string instance, std::string file, const tarsier_plugin& plugin) {
  StartNode node{std::move(instance), plugin.id, std::move(file), {}, {}, {}};
  for (auto need = plugin.needs; need != nullptr && *need != nullptr; ++need) {
    (((*need)->flags & TARSIER_NEED_OPTIONAL) != 0 ? node.wishes : node.needs).emplace_back((*need)->name);
  }
  for (auto offer = plugin.offers; offer != nullptr && *offer != nullptr; ++offer) node.offers.emplace_back((*offer)->name);
  return node;
}

StartOrder order_start(const std::vector<StartNode>& nodes) { return Sorter(nodes).sort(); }

}  // namespace tarsier::host
