// Environment: one environment of the data directory while at least one handle is open: its data file, its writer thread with the
// group commit, and its snapshots. Sealed ones have no writer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/storage/budget.hpp"
#include "core/storage/lmdb_file.hpp"
#include "core/storage/options.hpp"
#include "core/storage/sync_mark.hpp"
#include "core/storage/transaction.hpp"

struct tarsier_snapshot;

namespace tarsier::storage {

/// What every environment is given by the Storage, which outlives it.
struct Shared {
  StorageOptions options;
  Budget budget{options};
  std::atomic<uint64_t> open_sealed_files{0};
};

/// For metrics. Latency: bucket i counts commits of at most 2^i * 64 us, the last one all others.
struct EnvironmentStatistics {
  std::string name;
  bool sealed = false;
  uint64_t commits = 0;
  uint64_t transactions = 0;
  uint64_t failed_transactions = 0;
  uint64_t written_bytes = 0;
  uint64_t syncs = 0;
  uint64_t commit_ns = 0;
  std::array<uint64_t, 16> commit_latency{};
  uint64_t queue_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t readers = 0;
  int64_t oldest_reader_ns = 0;
};

class Environment {
 public:
  struct Settings {
    std::string name;
    std::string dir;
    bool sealed = false;
    bool commit_durability = false;
    uint64_t quota_bytes = 0;
  };
  /// The directory has been recovered (data_dir.hpp) and holds a data file unless it is to be made.
  static Result<std::shared_ptr<Environment>> open(Shared& shared, Settings settings);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  const std::string& name() const noexcept { return settings_.name; }
  const std::string& dir() const noexcept { return settings_.dir; }
  bool sealed() const noexcept { return settings_.sealed; }

  /// Another handle: the stricter durability and the smaller quota hold for all.
  void share(bool commit_durability, uint64_t quota_bytes);
  /// Takes the transaction; its `committed` is called on the writer thread.
  Result<void> submit(std::unique_ptr<Transaction> transaction);
  /// Waits until what was acknowledged before is on the disk.
  Result<void> sync_now();
  /// Waits until every transaction of the handle has met its fate.
  void wait_for(const tarsier_env* handle);
  bool on_writer_thread() const noexcept;
  /// Later writes are refused: its files are gone.
  void mark_removed() noexcept { removed_ = true; }

  /// The newest data file; checks the tree of a sealed one at first. `snapshot` is counted until leave(), which may close a sealed
  /// one.
  Result<std::shared_ptr<LmdbFile>> enter(tarsier_snapshot* snapshot);
  void leave(tarsier_snapshot* snapshot);
  /// Of a read that LMDB refused because a write had failed: what failed then.
  Error reason_of(Error error);
  /// Of one handle, or of all when null.
  std::vector<tarsier_snapshot*> snapshots_of(const tarsier_env* handle);

  /// What is there becomes the sealed environment in `to_dir`; see environment_rotate.cpp for the steps.
  Result<void> rotate(const std::string& to_name, const std::string& to_dir);

  Result<tarsier_env_stat> stat();
  EnvironmentStatistics statistics();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Item {
    std::unique_ptr<Transaction> transaction;
    std::function<void()> task;
  };
  using Group = std::vector<std::unique_ptr<Transaction>>;

  Environment(Shared& shared, Settings settings);
  std::shared_ptr<LmdbFile> file() const;
  void set_file(std::shared_ptr<LmdbFile> file);
  Result<std::shared_ptr<LmdbFile>> make_file();
  Result<void> open_sealed();
  void close_idle_sealed();

  // environment.cpp: the writer thread.
  void make_safe();
  void start_writer();
  void run();
  void enqueue(Item item);
  bool is_due(SteadyTime now) const noexcept;
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  Result<void> run_on_writer(const std::function<Result<void>()>& task);

  // environment_commit.cpp: what the writer does.
  void commit_group(Group& group);
  Result<void> prepare_to_write();
  Result<void> commit_once(Group& group);
  Result<void> apply(void* txn, Transaction& transaction);
  void finish(Group& group);
  bool is_disk_full(const Group& group);
  void look_for_panic(LmdbFile& file);
  void note_commit(LmdbFile& file, const LmdbFile::Usage& usage, std::chrono::nanoseconds took);
  Result<void> begin_interval();
  Result<void> end_interval();
  Result<void> sync();
  Result<void> make_room_in_map();
  Result<void> repair();
  Result<void> reopen_file();
  void broke(const Error& error);

  // environment_rotate.cpp
  Result<void> rotate_on_writer(const std::string& to_name, const std::string& to_dir);
  Result<void> link_as_sealed(const std::string& to_name, const std::string& to_dir);
  Result<void> switch_to(std::shared_ptr<LmdbFile> fresh);
  void give_up_rotation(const std::string& to_dir, const Error& why);

  Shared& shared_;
  Settings settings_;
  std::atomic<bool> commit_durability_;
  std::atomic<uint64_t> quota_bytes_;
  std::atomic<bool> removed_{false};

  mutable std::mutex file_mutex_;  // guards what follows; taken before snapshots_mutex_
  std::shared_ptr<LmdbFile> file_;
  bool sealed_checked_ = false;
  std::optional<Error> damage_;  // of a sealed one

  std::mutex queue_mutex_;  // guards what follows, and pending counts of the handles
  std::condition_variable queue_changed_;
  std::condition_variable pending_changed_;
  std::deque<Item> queue_;
  uint64_t queued_bytes_ = 0;
  bool hurry_ = false;         // somebody waits for what is in the queue
  SteadyTime patience_until_;  // when nobody does: so long more may come
  bool stopping_ = false;
  std::thread writer_;
  std::atomic<std::thread::id> writer_id_;

  std::mutex broken_mutex_;  // guards the next two
  std::optional<Error> broken_;
  SteadyTime retry_at_;

  // Of the writer thread only.
  std::optional<SyncMark> mark_;  // present: interval durability is on
  MDB_txn* pin_ = nullptr;        // a read transaction of the synced state: LMDB must not reuse its pages
  bool mark_gone_ = false;        // no mark's file is left from an earlier interval durability
  bool unsynced_ = false;
  bool sync_failed_ = false;
  bool panicked_ = false;
  bool rotation_broke_off_ = false;  // reopen_file() brings it to its end
  SteadyTime sync_due_;
  uint64_t sequence_ = 0;
  uint64_t known_file_bytes_ = 0;

  std::mutex snapshots_mutex_;
  std::list<tarsier_snapshot*> snapshots_;  // oldest first

  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> transactions_{0};
  std::atomic<uint64_t> failed_transactions_{0};
  std::atomic<uint64_t> written_bytes_{0};
  std::atomic<uint64_t> syncs_{0};
  std::atomic<uint64_t> commit_ns_{0};
  std::array<std::atomic<uint64_t>, 16> commit_latency_{};
  std::atomic<uint64_t> used_bytes_{0};
};

}  // namespace tarsier::storage
