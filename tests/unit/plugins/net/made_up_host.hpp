// A host for tests of net without the core: instances that can be entered, drained and revoked, jobs on two threads, a tree of
// configuration made by hand.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tarsier/config.hpp"
#include "tarsier/host.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

/// A node of the configuration.
struct tarsier_config_node {
  std::string key;  // in a table
  tarsier_node_kind kind = TARSIER_NODE_TABLE;
  std::string text;
  int64_t number = 0;
  std::vector<tarsier_config_node> entries;

  /// The table at a dotted path, made when absent.
  tarsier_config_node& at(const std::string& path);
  void set(const std::string& path, const std::string& value);
  void set_number(const std::string& path, int64_t value, tarsier_node_kind as = TARSIER_NODE_INT);
  void set_list(const std::string& path, const std::vector<std::string>& values);
};

struct tarsier_hold {
  const tarsier_host* owner;
  void (*revoke)(void* user);
  void* user;
};

namespace tarsier::net::test {

class MadeUpHost {
 public:
  MadeUpHost();
  ~MadeUpHost();
  MadeUpHost(const MadeUpHost&) = delete;
  MadeUpHost& operator=(const MadeUpHost&) = delete;

  /// An instance, of net or of a plugin that uses it.
  struct Instance {
    std::string name;
    tarsier_host raw{};
    std::unique_ptr<Host> host;
    MadeUpHost* world = nullptr;
    std::mutex mutex;
    std::condition_variable left;
    int in_flight = 0;
    bool closed = false;
  };
  Instance& add(const std::string& name);
  /// As the host does on the way down: no new calls, revoke, and wait for those in flight.
  bool quiesce(Instance& instance);
  /// Lets calls begin again.
  static void reopen(Instance& instance);

  /// The instances that are being replaced.
  void set_in_transit(std::set<std::string> instances);
  bool is_in_transit(const std::string& instance);

  /// From now on what is due later waits for run_timers(). Otherwise tests do not wait: it is due at once.
  void hold_timers();
  void run_timers();

  Workers workers;
  std::atomic<bool> ready{true};
  std::string not_running;
  tarsier_status reload_status = TARSIER_OK;
  std::string reload_findings;

 private:
  friend struct Tables;
  std::mutex mutex_;
  std::list<std::unique_ptr<tarsier_hold>> holds_;
  std::list<Instance> instances_;
  std::set<std::string> in_transit_;
  bool holds_timers_ = false;
  std::vector<tarsier_job> timers_;
};

}  // namespace tarsier::net::test
