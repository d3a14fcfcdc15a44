// Which route answers a request: patterns with ":" segments and a last "**", one tree per API. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::net {

/// What a pattern leads to. The router only stores and finds it; who adds routes derives from it.
struct Route {
  virtual ~Route() = default;
  std::string api;
  std::string pattern;
  uint32_t methods = 0;  // TARSIER_HTTP_* bits; GET brings HEAD
  std::string owner;     // a newer route of the same owner name but another owner_id takes over: an upgraded plugin beside the old
  const void* owner_id = nullptr;
};

/// HEAD comes with GET.
uint32_t with_implied_methods(uint32_t methods) noexcept;
/// The TARSIER_HTTP_* bit of "GET" ..., 0 for one that no route can have.
uint32_t method_bit(std::string_view name) noexcept;
/// "GET, HEAD, POST": for the header Allow.
std::string method_list(uint32_t methods);

class Router {
 public:
  struct Match {
    std::shared_ptr<Route> route;   // null: nothing answers that method there
    std::vector<std::string> args;  // of ":" in order, and of "**"
    uint32_t allowed = 0;           // methods that the path would take
    bool by_rest = false;           // found by a "**"
  };

  /// INVALID for a pattern that is none, or when its API has that pattern with one of the methods from someone else.
  Result<void> add(std::shared_ptr<Route> route);
  void remove(const Route& route);

  bool has_api(std::string_view api) const;
  /// Matches segments[first...] in one API. A literal segment wins over ":", that over "**"; where the better one has no route for
  /// the method, the next is tried.
  Match find(std::string_view api, const std::vector<std::string>& segments, size_t first, uint32_t method) const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> any;
    std::vector<std::shared_ptr<Route>> here;
    std::vector<std::shared_ptr<Route>> rest;
  };
  struct Tree {
    Node root;
    size_t routes = 0;
  };
  static bool walk(const Node& node, const std::vector<std::string>& segments, size_t at, uint32_t method, Match& match);

  mutable std::shared_mutex trees_mutex_;
  std::map<std::string, std::unique_ptr<Tree>, std::less<>> trees_;
};

}  // namespace tarsier::net
