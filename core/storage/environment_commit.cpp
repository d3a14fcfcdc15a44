// What the writer thread of an environment does: one LMDB transaction for a group of callers' transactions, the syncs of interval
// durability, and the way back after a disk failed.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <lmdb.h>
#include <map>
#include <time.h>
#include <unistd.h>

#include "core/storage/data_dir.hpp"
#include "core/storage/environment.hpp"
#include "core/storage/handle.hpp"
#include "core/storage/lmdb_error.hpp"
#include "core/storage/page_walk.hpp"

namespace tarsier::storage {
namespace {

constexpr uint64_t kSmallestFreeSpace = 256U << 10U;
constexpr std::chrono::seconds kRepairPause{1};
constexpr std::chrono::milliseconds kShortPatience{5};
constexpr std::chrono::milliseconds kLongPatience{2000};

MDB_val val_of(std::string_view text) noexcept { return {text.size(), const_cast<char*>(text.data())}; }
std::string_view view_of(const MDB_val& value) noexcept { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

int64_t thread_cpu_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// Foresees whether a transaction's appends are in order, so that nothing of it is done when one is not. It follows the last key of
/// each table; a deletion of that last key ends the foresight, and then the caller takes a nested transaction.
class AppendCheck {
 public:
  enum class Verdict { kInOrder, kOutOfOrder, kUnknown };

  AppendCheck(MDB_txn* txn, LmdbFile& file) : txn_(txn), file_(file) {}

  Result<Verdict> check(const std::vector<PackedOp>& ops) {
    if (ops.size() == 1) return Verdict::kInOrder;  // LMDB checks before it changes anything
    if (std::none_of(ops.begin(), ops.end(), [](const PackedOp& op) { return op.kind == TARSIER_OP_APPEND; }))
      return Verdict::kInOrder;
    for (const PackedOp& op : ops) {
      auto last = last_key(op.table);
      if (!last) return std::move(last).error();
      std::string& key = **last;
      if (op.kind == TARSIER_OP_CLEAR) key.clear();
      if (op.kind == TARSIER_OP_DELETE && op.key == key) return Verdict::kUnknown;
      if (op.kind == TARSIER_OP_APPEND && op.key <= key) return Verdict::kOutOfOrder;
      if ((op.kind == TARSIER_OP_APPEND || op.kind == TARSIER_OP_PUT) && op.key > key) key = op.key;
    }
    return Verdict::kInOrder;
  }

 private:
  Result<std::string*> last_key(std::string_view table) {
    if (const auto it = last_.find(table); it != last_.end()) return &it->second;
    auto dbi = file_.create_table(txn_, table);
    if (!dbi) return std::move(dbi).error();
    MDB_cursor* cursor = nullptr;
    int code = mdb_cursor_open(txn_, *dbi, &cursor);
    MDB_val key{};
    MDB_val value{};
    if (code == 0) code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    std::string& last = last_[std::string(table)];
    if (code == 0) last = view_of(key);
    if (cursor != nullptr) mdb_cursor_close(cursor);
    if (code != 0 && code != MDB_NOTFOUND) return lmdb_error(code, "read the last key");
    return &last;
  }

  MDB_txn* txn_;
  LmdbFile& file_;
  std::map<std::string, std::string, std::less<>> last_;
};

int apply_op(MDB_txn* txn, LmdbFile::Table table, const PackedOp& op) {
  MDB_val key = val_of(op.key);
  MDB_val value = val_of(op.stored);
  switch (op.kind) {
    case TARSIER_OP_PUT:
      return mdb_put(txn, table, &key, &value, 0);
    case TARSIER_OP_APPEND:
      return mdb_put(txn, table, &key, &value, MDB_APPEND);
    case TARSIER_OP_DELETE: {
      const int code = mdb_del(txn, table, &key, nullptr);
      return code == MDB_NOTFOUND ? 0 : code;
    }
    case TARSIER_OP_CLEAR:
      return mdb_drop(txn, table, 0);
    default:
      bug("an operation of unknown kind passed Transaction::pack");
  }
}

Error out_of_order(std::string_view table) {
  return Error::invalid("table " + std::string(table) + ": an appended key is not above every key of the table");
}

}  // namespace

/// Does the operations of one transaction. An error means that LMDB's transaction is spoilt; what only spoils this one is set in
/// it.
Result<void> Environment::apply(void* parent, Transaction& transaction) {
  auto* txn = static_cast<MDB_txn*>(parent);
  const auto open_file = file();
  AppendCheck check(txn, *open_file);
  auto verdict = check.check(transaction.ops);
  if (!verdict) return std::move(verdict).error();
  if (*verdict == AppendCheck::Verdict::kOutOfOrder) {
    transaction.fail(out_of_order(transaction.ops.front().table).in("environment " + name()));
    return {};
  }
  MDB_txn* nested = nullptr;
  if (*verdict == AppendCheck::Verdict::kUnknown) {
    if (const int code = mdb_txn_begin(open_file->env(), txn, 0, &nested); code != 0)
      return lmdb_error(code, "begin a nested transaction");
  }
  for (const PackedOp& op : transaction.ops) {
    auto table = open_file->create_table(txn, op.table);
    const int code = table ? apply_op(nested != nullptr ? nested : txn, *table, op) : 0;
    if (table && code == 0) continue;
    if (nested != nullptr) mdb_txn_abort(nested);
    if (code == MDB_KEYEXIST && (nested != nullptr || transaction.ops.size() == 1)) {
      transaction.fail(out_of_order(op.table).in("environment " + name()));
      return {};
    }
    if (!table) return std::move(table).error();
    return lmdb_error(code, "write table " + std::string(op.table));
  }
  if (nested == nullptr) return {};
  if (const int code = mdb_txn_commit(nested); code != 0) return lmdb_error(code, "commit a nested transaction");
  return {};
}

/// LMDB reports a write that was cut short, as a full disk does, as an I/O error.
bool Environment::is_disk_full(const Group& group) {
  uint64_t needed = kSmallestFreeSpace;
  for (const auto& transaction : group) needed += 2 * transaction->bytes;
  return shared_.budget.ask_free_bytes() < needed;
}

void Environment::commit_group(Group& group) {
  Result<void> done = prepare_to_write();
  if (done) done = commit_once(group);
  if (!done && done.error().code() == TARSIER_UNAVAILABLE && is_disk_full(group)) {
    done = Error(TARSIER_RESOURCE, done.error().message() + " (no space left on the device)");
  }
  if (!done && done.error().code() == TARSIER_RESOURCE && group.size() > 1) {
    // One may be too large where the others are not.
    for (auto& transaction : group) {
      Group alone;
      alone.push_back(std::move(transaction));
      if (auto one = commit_once(alone); !one) {
        alone.front()->fail(Error(one.error()).in("environment " + name()));
        broke(one.error());
      }
      finish(alone);
    }
    return;
  }
  if (!done) {
    for (auto& transaction : group) transaction->fail(Error(done.error()).in("environment " + name()));
    broke(done.error());
  }
  finish(group);
}

/// One LMDB transaction for all of them; an error fails all of them, and nothing of them is there.
Result<void> Environment::commit_once(Group& group) {
  const auto begun = std::chrono::steady_clock::now();
  auto open_file = file();
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(open_file->env(), nullptr, 0, &txn); code != 0) {
    panicked_ = panicked_ || code == MDB_PANIC;
    return lmdb_error(code, "begin a commit");
  }
  for (auto& transaction : group) {
    transaction->status = TARSIER_OK;
    auto ok = apply(txn, *transaction);
    if (ok) continue;
    mdb_txn_abort(txn);
    open_file->forget_new_tables();
    return ok;
  }
  const LmdbFile::Usage usage = open_file->usage(txn);
  if (const int code = mdb_txn_commit(txn); code != 0) {
    open_file->forget_new_tables();
    look_for_panic(*open_file);
    return lmdb_error(code, "commit");
  }
  open_file->publish_tables();
  note_commit(*open_file, usage, std::chrono::steady_clock::now() - begun);
  if (mark_ && !unsynced_) {
    unsynced_ = true;
    sync_due_ = begun + shared_.options.sync_interval;
  }
  return {};
}

/// After a meta page could not be written LMDB refuses everything. To know it at once keeps the reason for those who come next.
void Environment::look_for_panic(LmdbFile& file) {
  if (auto txn = file.begin_read()) {
    file.end_read(*txn);
  } else {
    panicked_ = true;
  }
}

void Environment::note_commit(LmdbFile& file, const LmdbFile::Usage& usage, std::chrono::nanoseconds took) {
  used_bytes_ = usage.bytes;
  const uint64_t bytes = file.file_bytes();
  shared_.budget.add(static_cast<int64_t>(bytes) - static_cast<int64_t>(known_file_bytes_));
  known_file_bytes_ = bytes;
  ++commits_;
  commit_ns_ += static_cast<uint64_t>(took.count());
  const auto slot = static_cast<size_t>(std::bit_width(static_cast<uint64_t>(took.count()) / 64'000U));
  ++commit_latency_[std::min(slot, commit_latency_.size() - 1)];
}

/// Tells every caller its transaction's fate.
void Environment::finish(Group& group) {
  for (auto& transaction : group) {
    uint64_t sequence = 0;
    if (transaction->status == TARSIER_OK) {
      sequence = ++sequence_;
      ++transactions_;
      written_bytes_ += transaction->bytes;
    } else {
      ++failed_transactions_;
    }
    tarsier_env* handle = transaction->handle;
    if (transaction->committed != nullptr) {
      host::Owner* owner = handle != nullptr ? handle->owner : nullptr;
      const bool entered = owner != nullptr && owner->enter();
      const int64_t before = owner != nullptr ? thread_cpu_ns() : 0;
      transaction->committed(transaction->user, transaction->status, str(transaction->message), sequence);
      if (owner != nullptr) {
        owner->accounting().cpu_ns += thread_cpu_ns() - before;
        ++owner->accounting().calls;
      }
      if (entered) owner->leave();
    }
    if (handle == nullptr) continue;
    const std::lock_guard lock(queue_mutex_);
    if (--handle->pending == 0) pending_changed_.notify_all();
  }
}

Result<void> Environment::prepare_to_write() {
  if (sync_failed_ || panicked_ || file() == nullptr) {
    if (auto ok = repair(); !ok) return ok;
    const std::lock_guard lock(broken_mutex_);
    broken_.reset();
  }
  if (auto ok = make_room_in_map(); !ok) return ok;
  const bool interval = !commit_durability_ && !shared_.options.boot_id.empty();
  if (!mark_ && (interval || unsynced_)) {
    if (auto ok = begin_interval(); !ok) return ok;
  }
  if (!interval && mark_) return end_interval();
  if (!interval && !mark_gone_) {
    if (auto ok = SyncMark::remove(dir()); !ok) return ok;
    mark_gone_ = true;
  }
  return {};
}

/// In time, before a commit fails: LMDB's map can only grow while nobody reads.
Result<void> Environment::make_room_in_map() {
  const auto open_file = file();
  const uint64_t size = open_file->file_bytes();
  if (size <= open_file->map_bytes() / 2) return {};
  const bool pinned = pin_ != nullptr;
  if (pinned) {
    if (auto ok = sync(); !ok) return ok;
    open_file->end_read(std::exchange(pin_, nullptr));
  }
  open_file->grow_map(size > open_file->map_bytes() / 8 * 7 ? kLongPatience : kShortPatience);
  if (!pinned) return {};
  auto pin = open_file->begin_read();
  if (!pin) return std::move(pin).error();
  pin_ = *pin;
  return {};
}

/// From here on commits are not synced one by one. The mark is on the disk before the first of them.
Result<void> Environment::begin_interval() {
  const auto open_file = file();
  auto pin = open_file->begin_read();
  if (!pin) return std::move(pin).error();
  const auto give_up = [&](Error error) {
    open_file->end_read(*pin);
    return error;
  };
  if (::fdatasync(open_file->data_fd()) != 0) return give_up(system_error(errno, "sync"));
  auto meta = read_meta(open_file->data_fd(), open_file->last_txn());
  if (!meta) return give_up(std::move(meta).error());
  auto mark = SyncMark::open(dir());
  if (!mark) return give_up(std::move(mark).error());
  if (auto ok = mark->write(*meta, shared_.options.boot_id); !ok) return give_up(std::move(ok).error());
  if (auto ok = sync_directory(dir()); !ok) return give_up(std::move(ok).error());
  mark_.emplace(std::move(*mark));
  pin_ = *pin;
  mark_gone_ = false;
  unsynced_ = false;
  mdb_env_set_flags(open_file->env(), MDB_NOSYNC, 1);
  return {};
}

Result<void> Environment::end_interval() {
  if (auto ok = sync(); !ok) return ok;
  const auto open_file = file();
  mark_.reset();
  // LMDB's meta pages are synced and lead, with or without the mark's file, as they agree with it.
  mdb_env_set_flags(open_file->env(), MDB_NOSYNC, 0);
  open_file->end_read(std::exchange(pin_, nullptr));
  if (auto ok = SyncMark::remove(dir()); !ok) return ok;
  mark_gone_ = true;
  return {};
}

/// Brings all commits to the disk, then says so in the mark, then lets LMDB reuse what the state before needed.
Result<void> Environment::sync() {
  if (!mark_ || !unsynced_) return {};
  const auto open_file = file();
  auto pin = open_file->begin_read();
  if (!pin) {
    panicked_ = true;  // LMDB refuses even reads: repair() opens the file anew
    unsynced_ = false;
    return reason_of(std::move(pin).error());
  }
  const auto give_up = [&](Error error) {
    open_file->end_read(*pin);
    sync_failed_ = true;
    unsynced_ = false;  // repair() begins again
    return error;
  };
  auto meta = read_meta(open_file->data_fd(), open_file->last_txn());
  if (!meta) return give_up(std::move(meta).error());
  if (::fdatasync(open_file->data_fd()) != 0) return give_up(system_error(errno, "sync"));
  if (auto ok = mark_->write(*meta, shared_.options.boot_id); !ok) return give_up(std::move(ok).error());
  open_file->end_read(std::exchange(pin_, *pin));
  unsynced_ = false;
  ++syncs_;
  return {};
}

/// After a failed sync Linux takes the pages for clean although the disk lacks them, so all are written once more before the next
/// sync counts. After a panic of LMDB its environment is opened anew.
Result<void> Environment::repair() {
  if (panicked_ || file() == nullptr) {
    if (auto ok = reopen_file(); !ok) return ok;
  }
  if (!sync_failed_) return {};
  const auto open_file = file();
  std::vector<char> part(1U << 20U);
  const uint64_t size = open_file->file_bytes();
  for (uint64_t at = 0; at < size;) {
    const ssize_t got = ::pread(open_file->data_fd(), part.data(), part.size(), static_cast<off_t>(at));
    if (got <= 0) return system_error(got < 0 ? errno : EIO, "read back " + dir());
    if (auto ok = write_at(open_file->data_fd(), {part.data(), static_cast<size_t>(got)}, at, dir()); !ok) return ok;
    at += static_cast<uint64_t>(got);
  }
  if (auto tree = walk_tree(dir() + "/data.mdb"); !tree) return std::move(tree).error();
  unsynced_ = true;
  if (auto ok = sync(); !ok) return ok;
  sync_failed_ = false;
  return {};
}

Result<void> Environment::reopen_file() {
  const std::lock_guard lock(file_mutex_);
  if (file_ != nullptr) {
    if (pin_ != nullptr) file_->end_read(std::exchange(pin_, nullptr));
    mark_.reset();
    unsynced_ = false;
    sync_failed_ = false;  // opening it recovers and syncs
    if (file_.use_count() > 1) return Error::unavailable("its disk failed; it opens again when the open snapshots have ended");
    file_.reset();
  }
  if (auto ok = recover_rotation(shared_.options.data_dir, name(), dir(), rotation_broke_off_); !ok) return ok;
  rotation_broke_off_ = false;
  auto recovered = recover_synced_state(dir(), shared_.options.boot_id);
  if (!recovered) return std::move(recovered).error();
  if (auto tree = walk_tree(dir() + "/data.mdb"); !tree) return std::move(tree).error();
  auto opened = LmdbFile::open(dir(), LmdbFile::Mode::kActive, shared_.options.map_bytes);
  if (!opened) return std::move(opened).error();
  file_ = std::move(*opened);
  panicked_ = false;
  return {};
}

void Environment::broke(const Error& error) {
  {
    const std::lock_guard lock(broken_mutex_);
    if (sync_failed_ || panicked_) {
      broken_ = error;
      retry_at_ = std::chrono::steady_clock::now() + kRepairPause;
    }
  }
  if (shared_.options.on_failure) shared_.options.on_failure(name(), error);
}

}  // namespace tarsier::storage
