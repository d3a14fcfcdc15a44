// MemoryStorage: the storage service of the host in memory, for tests: transactions, snapshots, sealing, rotation; commits that
// wait or fail; and a power switch that goes off after any number of changes, which is what kill -9 looks like from the disk.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "tarsier/host.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::samples::test {

class MemoryStorage {
 public:
  MemoryStorage();
  MemoryStorage(const MemoryStorage&) = delete;
  MemoryStorage& operator=(const MemoryStorage&) = delete;

  /// A host that has this storage, a log that says nothing, and nothing else.
  const Host& host() const noexcept { return host_; }

  /// From now on transactions are accepted but stay uncommitted until release_commits().
  void hold_commits() { holding_ = true; }
  void release_commits();
  /// Held transactions fail instead.
  void fail_held_commits(tarsier_status status);
  /// Every transaction is refused with that status, until TARSIER_OK.
  void refuse_writes(tarsier_status status) { refuse_ = status; }
  /// The next `changes` changes happen, all after them do not and return an error.
  void power_off_after(uint64_t changes) { changes_left_ = changes; }
  /// On again; everything that was open is closed.
  void power_on();
  bool powered() const noexcept { return changes_left_ != 0; }

  bool exists(const std::string& name) const { return environments_.contains(name); }
  std::vector<std::string> names() const;
  /// Flips one bit in a value of that table; the next read of it says CORRUPT.
  void damage(const std::string& name, const std::string& table);
  void mend(const std::string& name) { environments_.at(name)->contents->damaged.clear(); }
  /// That environment cannot be opened while it is not OK.
  void refuse_opens(tarsier_status status, const std::string& name = "") { refuse_opens_ = status, unopened_name_ = name; }
  /// None that is larger can be sealed.
  void limit_seals(uint64_t most_bytes) { most_sealed_bytes_ = most_bytes; }
  /// No environment whose name begins so can be sealed while it is not OK.
  void refuse_seals(tarsier_status status, const std::string& prefix = "") { refuse_seals_ = status, refused_prefix_ = prefix; }

 private:
  using Table = std::map<std::string, std::string>;
  struct Contents {
    std::map<std::string, Table> tables;
    std::map<std::string, std::string> damaged;  // table -> key
  };
  struct Environment {
    std::shared_ptr<Contents> contents = std::make_shared<Contents>();
    bool sealed = false;
    int open = 0;
  };
  struct Handle {
    MemoryStorage* storage;
    std::string name;
    std::shared_ptr<Environment> environment;
  };
  struct View {
    std::shared_ptr<const Contents> contents;
  };
  struct Walk {
    const View* view;
    std::string table_name;
    const Table* table;
    Table::const_iterator at;
    bool before_first = true;
  };
  struct Making {
    MemoryStorage* storage;
    std::string name;
    std::shared_ptr<Contents> contents = std::make_shared<Contents>();
  };
  struct Held {
    std::shared_ptr<Environment> environment;
    std::vector<std::pair<tarsier_op_kind, std::array<std::string, 3>>> ops;
    tarsier_committed_fn committed;
    void* user;
  };

  static MemoryStorage& of(const tarsier_host* host) { return *static_cast<MemoryStorage*>(host->ctx); }
  static tarsier_status say(tarsier_error* error, tarsier_status status, const std::string& message) {
    return Error(status, message).to_c(error);
  }
  bool change();
  static uint64_t bytes_of(const Contents& contents);
  static void apply(Environment& environment, const Held& held);
  static Held copy_of(Handle& handle, const tarsier_op* ops, uint32_t count, tarsier_committed_fn committed, void* user);
  static tarsier_status stand(Walk& walk, bool valid, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error);
  void fill_environment_calls();
  void fill_read_calls();
  void fill_seal_calls();

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Environment>> environments_;
  std::deque<Held> held_;
  bool holding_ = false;
  tarsier_status refuse_ = TARSIER_OK;
  tarsier_status refuse_seals_ = TARSIER_OK;
  std::string refused_prefix_;
  uint64_t most_sealed_bytes_ = UINT64_MAX;
  tarsier_status refuse_opens_ = TARSIER_OK;
  std::string unopened_name_;
  uint64_t changes_left_ = UINT64_MAX;
  uint64_t sequence_ = 0;
  tarsier_storage table_{};
  tarsier_log log_{};
  tarsier_host raw_{};
  Host host_;
};

}  // namespace tarsier::samples::test
