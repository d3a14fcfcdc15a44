// What a discovery plugin has found, for all of its configurations: targets on their way to the bus, who found them, health,
// metrics.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarsier/discovery.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::discovery {

class Share;

/// Several configurations may find the same source for the same pool: the newest is heard, and the source goes with the last of
/// them.
class Findings {
 public:
  explicit Findings(const Host& host) : host_(host), found_(host) {}
  const tarsier_discovery* table() const noexcept { return found_.table(); }
  /// [ctl] Part of stop(), when no share is told anything any more.
  Result<void> withdraw();

 private:
  friend class Share;
  using Name = std::pair<std::string, std::string>;  // pool, source
  struct Pool {
    Counter refreshes, failures;
    Gauge targets;
    size_t target_count = 0;
  };
  struct Entry {
    std::set<uint64_t> owners;  // numbers of shares
    size_t target_count = 0;
    bool untold = false;  // the bus has not taken `targets` yet
    std::vector<TargetLabels> targets;
  };

  uint64_t enrol(const std::string& pool);
  void tell(const Name& name, Entry& entry, std::vector<TargetLabels> targets);
  void tell_again();
  void arm();
  /// The next entry. It is taken out when nobody owns it any more.
  std::map<Name, Entry>::iterator disown(std::map<Name, Entry>::iterator entry, uint64_t owner);
  void show_health();

  const Host& host_;
  mutable std::mutex lock_;  // guards what follows
  DiscoveredTargets found_;
  std::map<std::string, Pool> pools_;
  std::map<Name, Entry> entries_;
  std::map<std::pair<uint64_t, std::string>, std::string> problems_;  // by share and source
  uint64_t last_owner_ = 0;
  bool armed_ = false;
  Timer again_;
};

/// The part of one configuration. [any] All of it.
class Share {
 public:
  Share(Findings& findings, std::string pool) : findings_(findings), pool_(std::move(pool)), number_(findings_.enrol(pool_)) {}
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() = default;

  const std::string& pool() const noexcept { return pool_; }
  /// The source is this configuration's, whatever is known of it: what an earlier one found stays until more is known.
  void claim(const std::string& source);
  /// The same for all sources of the pool whose names begin so.
  void claim_all(std::string_view prefix);
  /// The sources that are this configuration's.
  std::vector<std::string> sources() const;
  /// All targets of the source as they are now.
  void set(const std::string& source, std::vector<TargetLabels> targets);
  /// The source is no more.
  void remove(const std::string& source);
  /// How an attempt to look at the source ended: counted, and shown as the plugin's health.
  void refreshed(const std::string& source, const Result<void>& outcome);
  /// The configuration is no more, and so are sources that are nobody else's. Nothing is told afterwards. Not when the plugin
  /// stops: that is Findings::withdraw.
  void end();

 private:
  Findings& findings_;
  const std::string pool_;
  const uint64_t number_;
  bool ended_ = false;  // by findings_.lock_
};

/// What all units of a plugin have in common.
struct Context {
  explicit Context(const Host& its_host) : host(its_host), findings(its_host) {}
  const Host& host;
  Findings findings;
};

}  // namespace tarsier::discovery
