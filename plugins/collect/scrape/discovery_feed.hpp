// What discovery plugins found, for all pools: heard on the bus, and asked for at the start (docs/discovery.md).
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/collect/scrape/target_spec.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::scrape {

class DiscoveryFeed {
 public:
  /// `changed(pool)`: [work] other targets were found; for one pool at most once in five seconds.
  DiscoveryFeed(const Host& host, std::function<void(const std::string& pool)> changed)
      : host_(host), changed_(std::move(changed)) {}

  /// [ctl] Listens, and asks who is there already.
  Result<void> start();
  /// [ctl] `changed` is not running and will not be called any more.
  void stop();
  /// [any] Labels of the pool's targets, by source.
  FoundTargets of(std::string_view pool) const;

 private:
  struct Found {
    std::map<std::string, Batch, std::less<>> by_source;  // shared with who found it: there may be very many targets
    int64_t told_mono_ns = INT64_MIN;
    bool waiting = false;  // for its turn to be told
    Timer timer;
  };

  enum class Told : uint8_t { by_bus, when_asked };

  void ask_providers();
  std::vector<Batch> current_of(const std::string& instance) const;
  void take(const Batch& batch);
  bool note(const Batch& batch, Told told, std::string& pool);
  void tell_in_turn(const std::string& pool);
  void tell(const std::string& pool);

  const Host& host_;
  const std::function<void(const std::string&)> changed_;
  mutable std::mutex lock_;  // guards the map and what is in it
  std::map<std::string, Found, std::less<>> pools_;
  std::optional<std::set<std::pair<std::string, std::string>>> told_by_bus_;  // pool and source; while providers are asked
  Subscription subscription_;
};

}  // namespace tarsier::scrape
