// Router: a tree of segments per API, walked with backtracking.
#include "plugins/lib/http/router.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "plugins/lib/http/target.hpp"
#include "tarsier/service/http.h"

namespace tarsier::net {
namespace {

constexpr std::array<std::pair<std::string_view, uint32_t>, 7> kMethods = {{{"GET", TARSIER_HTTP_GET},
                                                                            {"HEAD", TARSIER_HTTP_HEAD},
                                                                            {"POST", TARSIER_HTTP_POST},
                                                                            {"PUT", TARSIER_HTTP_PUT},
                                                                            {"DELETE", TARSIER_HTTP_DELETE},
                                                                            {"PATCH", TARSIER_HTTP_PATCH},
                                                                            {"OPTIONS", TARSIER_HTTP_OPTIONS}}};

/// "/a/:/**" as segments; the empty pattern of "/" is one empty segment, as in a parsed target.
Result<std::vector<std::string>> split_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/')
    return Error::invalid("route pattern '" + std::string(pattern) + "': expected a leading '/'");
  std::vector<std::string> out;
  std::string_view rest = pattern.substr(1);
  while (true) {
    const size_t slash = rest.find('/');
    out.emplace_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == "**" && i + 1 != out.size()) {
      return Error::invalid("route pattern '" + std::string(pattern) + "': '**' is only allowed as the last segment");
    }
  }
  return out;
}

/// The latest route of `routes` for the method; their methods are added to `allowed`.
std::shared_ptr<Route> pick(const std::vector<std::shared_ptr<Route>>& routes, uint32_t method, uint32_t& allowed) {
  std::shared_ptr<Route> found;
  for (const auto& route : routes) {
    allowed |= route->methods;
    if ((route->methods & method) != 0) found = route;
  }
  return found;
}

}  // namespace

uint32_t with_implied_methods(uint32_t methods) noexcept {
  return (methods & TARSIER_HTTP_GET) != 0 ? methods | TARSIER_HTTP_HEAD : methods;
}

uint32_t method_bit(std::string_view name) noexcept {
  for (const auto& [text, bit] : kMethods) {
    if (text == name) return bit;
  }
  return 0;
}

std::string method_list(uint32_t methods) {
  std::string out;
  for (const auto& [text, bit] : kMethods) {
    if ((methods & bit) == 0) continue;
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

Result<void> Router::add(std::shared_ptr<Route> route) {
  auto segments = split_pattern(route->pattern);
  if (!segments) return std::move(segments).error();
  route->methods = with_implied_methods(route->methods);
  if (route->methods == 0 || (route->methods >> kMethods.size()) != 0) {
    return Error::invalid("route '" + route->pattern + "': no known method in the mask " + std::to_string(route->methods));
  }
  const std::unique_lock lock(trees_mutex_);
  auto& tree = trees_[route->api];
  if (!tree) tree = std::make_unique<Tree>();
  Node* node = &tree->root;
  bool rest = false;
  for (const std::string& segment : *segments) {
    if (segment == "**") {
      rest = true;
      break;
    }
    auto& next = segment == ":" ? node->any : node->literal[segment];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  auto& routes = rest ? node->rest : node->here;
  for (const auto& other : routes) {
    const bool succeeds = !route->owner.empty() && other->owner == route->owner && other->owner_id != route->owner_id;
    if (succeeds || (other->methods & route->methods) == 0) continue;
    return Error::invalid("route '" + route->pattern + "' of API '" + route->api + "' exists already for " +
                          method_list(other->methods & route->methods));
  }
  routes.push_back(std::move(route));
  ++tree->routes;
  return {};
}

void Router::remove(const Route& route) {
  auto segments = split_pattern(route.pattern);
  if (!segments) return;
  const std::unique_lock lock(trees_mutex_);
  const auto tree = trees_.find(route.api);
  if (tree == trees_.end()) return;
  Node* node = &tree->second->root;
  for (const std::string& segment : *segments) {
    if (segment == "**") break;
    if (segment == ":") {
      node = node->any.get();
    } else {
      const auto next = node->literal.find(segment);
      node = next == node->literal.end() ? nullptr : next->second.get();
    }
    if (node == nullptr) return;
  }
  for (auto* routes : {&node->here, &node->rest}) {
    const size_t removed = std::erase_if(*routes, [&](const auto& each) { return each.get() == &route; });
    tree->second->routes -= removed;
  }
  // The nodes of an API go with its last route; until then they are few, and likely to be wanted again.
  if (tree->second->routes == 0) trees_.erase(tree);
}

bool Router::has_api(std::string_view api) const {
  const std::shared_lock lock(trees_mutex_);
  return trees_.find(api) != trees_.end();
}

bool Router::walk(const Node& node, const std::vector<std::string>& segments, size_t at, uint32_t method, Match& match) {
  if (at >= segments.size()) {
    match.route = pick(node.here, method, match.allowed);
    if (match.route) return true;
  } else {
    const auto literal = node.literal.find(segments[at]);
    if (literal != node.literal.end() && walk(*literal->second, segments, at + 1, method, match)) return true;
    if (node.any && !segments[at].empty()) {
      match.args.push_back(segments[at]);
      if (walk(*node.any, segments, at + 1, method, match)) return true;
      match.args.pop_back();
    }
  }
  match.route = pick(node.rest, method, match.allowed);
  if (!match.route) return false;
  match.by_rest = true;
  match.args.push_back(at < segments.size() ? join_path(segments, at).substr(1) : std::string());
  return true;
}

Router::Match Router::find(std::string_view api, const std::vector<std::string>& segments, size_t first, uint32_t method) const {
  Match match;
  const std::shared_lock lock(trees_mutex_);
  const auto tree = trees_.find(api);
  if (tree == trees_.end()) return match;
  if (first < segments.size()) {
    walk(tree->second->root, segments, first, method, match);
  } else {
    static const std::vector<std::string> kRoot = {""};
    walk(tree->second->root, kRoot, 0, method, match);
  }
  return match;
}

}  // namespace tarsier::net
