// tarsier/storage.hpp - durable tables of the host (abi/storage.h) with handles that close themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host.hpp"

namespace tarsier {

/// One operation of a transaction; what it points to need only live until write() returns.
inline tarsier_op put(std::string_view table, std::string_view key, std::string_view value) {
  return {sizeof(tarsier_op), TARSIER_OP_PUT, str(table), bytes(key), bytes(value)};
}
inline tarsier_op append(std::string_view table, std::string_view key, std::string_view value) {
  return {sizeof(tarsier_op), TARSIER_OP_APPEND, str(table), bytes(key), bytes(value)};
}
inline tarsier_op erase(std::string_view table, std::string_view key) {
  return {sizeof(tarsier_op), TARSIER_OP_DELETE, str(table), bytes(key), bytes("")};
}
inline tarsier_op clear(std::string_view table) { return {sizeof(tarsier_op), TARSIER_OP_CLEAR, str(table), bytes(""), bytes("")}; }

struct Entry {
  std::string_view key;
  std::string_view value;
};

/// Walks one table of a snapshot. What it hands out is valid until the snapshot ends.
class Cursor {
 public:
  Cursor(const tarsier_storage* api, tarsier_cursor* raw) noexcept : api_(api), raw_(raw) {}
  Cursor(Cursor&& other) noexcept : api_(other.api_), raw_(std::exchange(other.raw_, nullptr)), stands_(other.stands_) {}
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor() {
    if (raw_ != nullptr) api_->cursor_close(raw_);
  }
  /// On an entry, be it one that does not verify; else the walk has ended.
  bool stands() const noexcept { return stands_; }
  /// NOT_FOUND at the end; CORRUPT for a value that does not verify: the walk can go on while stands().
  Result<Entry> seek(std::string_view at) {
    return step([&](auto* key, auto* value, auto* error) { return api_->seek(raw_, bytes(at), key, value, error); });
  }
  Result<Entry> last() {
    return step([&](auto* key, auto* value, auto* error) { return api_->last(raw_, key, value, error); });
  }
  Result<Entry> next() {
    return step([&](auto* key, auto* value, auto* error) { return api_->next(raw_, key, value, error); });
  }
  Result<Entry> previous() {
    return step([&](auto* key, auto* value, auto* error) { return api_->previous(raw_, key, value, error); });
  }

 private:
  template <class Step>
  Result<Entry> step(Step&& move) {
    tarsier_bytes key{}, value{};
    tarsier_error error = empty_error();
    const tarsier_status status = move(&key, &value, &error);
    stands_ = status == TARSIER_OK || (status == TARSIER_CORRUPT && key.size != 0);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return Entry{view(key), view(value)};
  }
  const tarsier_storage* api_;
  tarsier_cursor* raw_;
  bool stands_ = false;
};

/// A consistent view of an environment. Keep it short: while it is open, pages cannot be reused.
class Snapshot {
 public:
  Snapshot(const tarsier_storage* api, tarsier_snapshot* raw) noexcept : api_(api), raw_(raw) {}
  Snapshot(Snapshot&& other) noexcept : api_(other.api_), raw_(std::exchange(other.raw_, nullptr)) {}
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot() {
    if (raw_ != nullptr) api_->end_read(raw_);
  }
  Result<std::string_view> get(std::string_view table, std::string_view key) const {
    tarsier_bytes value{};
    tarsier_error error = empty_error();
    const tarsier_status status = api_->get(raw_, str(table), bytes(key), &value, &error);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return view(value);
  }
  Result<Cursor> cursor(std::string_view table) const {
    tarsier_cursor* cursor = nullptr;
    tarsier_error error = empty_error();
    const tarsier_status status = api_->cursor_open(raw_, str(table), &cursor, &error);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return Cursor(api_, cursor);
  }

 private:
  const tarsier_storage* api_;
  tarsier_snapshot* raw_;
};

/// What became of a transaction, and its number.
using Committed = std::function<void(Result<void>, uint64_t sequence)>;

class Env {
 public:
  Env() = default;
  Env(const tarsier_storage* api, tarsier_env* raw) noexcept : api_(api), raw_(raw) {}
  Env(Env&& other) noexcept : api_(other.api_), raw_(std::exchange(other.raw_, nullptr)) {}
  Env& operator=(Env&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Env() { close(); }
  void close() {
    if (raw_ != nullptr) api_->close(std::exchange(raw_, nullptr));
  }
  explicit operator bool() const noexcept { return raw_ != nullptr; }

  /// [any] All or nothing; `committed` is called once, on the writer thread, when OK is returned.
  Result<void> write(std::span<const tarsier_op> ops, Committed committed) const {
    return hand_over(api_->write, ops, std::move(committed));
  }
  /// [any] The same where nobody waits for it (tarsier_storage.write_unhurried).
  Result<void> write_unhurried(std::span<const tarsier_op> ops, Committed committed) const {
    const bool known = TARSIER_HAS(api_, write_unhurried) && api_->write_unhurried != nullptr;
    return hand_over(known ? api_->write_unhurried : api_->write, ops, std::move(committed));
  }
  /// [ctl, work] The same, and waits.
  Result<void> write_wait(std::span<const tarsier_op> ops) const {
    tarsier_error error = empty_error();
    return Result<void>::from_c(api_->write_wait(raw_, ops.data(), static_cast<uint32_t>(ops.size()), &error), error);
  }
  Result<Snapshot> read() const {
    tarsier_snapshot* snapshot = nullptr;
    tarsier_error error = empty_error();
    const tarsier_status status = api_->begin_read(raw_, &snapshot, &error);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return Snapshot(api_, snapshot);
  }
  Result<void> rotate(std::string_view to) const {
    tarsier_error error = empty_error();
    return Result<void>::from_c(api_->rotate(raw_, str(to), &error), error);
  }
  /// [work] Waits until what was acknowledged before is on the disk, also at `interval` durability. UNSUPPORTED by a host that
  /// cannot.
  Result<void> sync() const {
    if (!TARSIER_HAS(api_, sync) || api_->sync == nullptr)
      return Error{TARSIER_UNSUPPORTED, "this host's storage syncs on its own only"};
    tarsier_error error = empty_error();
    return Result<void>::from_c(api_->sync(raw_, &error), error);
  }
  Result<tarsier_env_stat> stat() const {
    tarsier_env_stat out{};
    out.size = sizeof(out);
    tarsier_error error = empty_error();
    const tarsier_status status = api_->stat(raw_, &out, &error);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return out;
  }

 private:
  Result<void> hand_over(decltype(tarsier_storage::write) taker, std::span<const tarsier_op> ops, Committed committed) const {
    auto* closure = new Committed(std::move(committed));
    tarsier_error error = empty_error();
    const tarsier_status status = taker(
        raw_, ops.data(), static_cast<uint32_t>(ops.size()),
        [](void* user, tarsier_status outcome, tarsier_str message, uint64_t sequence) {
          const std::unique_ptr<Committed> owned(static_cast<Committed*>(user));
          (*owned)(outcome == TARSIER_OK ? Result<void>() : Result<void>(Error(outcome, std::string(view(message)))), sequence);
        },
        closure, &error);
    if (status != TARSIER_OK) delete closure;
    return Result<void>::from_c(status, error);
  }
  const tarsier_storage* api_ = nullptr;
  tarsier_env* raw_ = nullptr;
};

/// [ctl, work] Opens an environment; `flags` are TARSIER_ENV_*.
inline Result<Env> open_env(const Host& host, std::string_view name, uint32_t flags, uint64_t quota_bytes = 0,
                            tarsier_durability durability = TARSIER_DURABILITY_DEFAULT) {
  const tarsier_env_options options = {sizeof(options), flags, durability, 0, quota_bytes};
  tarsier_env* raw = nullptr;
  tarsier_error error = empty_error();
  const tarsier_status status = host.storage->open(host.raw(), str(name), &options, &raw, &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return Env(host.storage, raw);
}

inline Result<void> remove_env(const Host& host, std::string_view name) {
  tarsier_error error = empty_error();
  return Result<void>::from_c(host.storage->remove(host.raw(), str(name), &error), error);
}

/// [work] Gives an environment that nobody has open another name. UNSUPPORTED by a host that cannot.
inline Result<void> rename_env(const Host& host, std::string_view name, std::string_view to) {
  if (!TARSIER_HAS(host.storage, rename) || host.storage->rename == nullptr)
    return Error{TARSIER_UNSUPPORTED, "this host's storage renames nothing"};
  tarsier_error error = empty_error();
  return Result<void>::from_c(host.storage->rename(host.raw(), str(name), str(to), &error), error);
}

/// [work] Calls each(table, key, value) for what can be read of an environment that does not open (abi/storage.h). UNSUPPORTED by a
/// host that cannot.
template <class Each>
Result<void> salvage_env(const Host& host, std::string_view name, std::span<const std::string_view> tables, Each each) {
  if (!TARSIER_HAS(host.storage, salvage) || host.storage->salvage == nullptr)
    return Error{TARSIER_UNSUPPORTED, "this host's storage salvages nothing"};
  std::vector<tarsier_str> names;
  for (const std::string_view table : tables) names.push_back(str(table));
  tarsier_error error = empty_error();
  const tarsier_status status = host.storage->salvage(
      host.raw(), str(name), names.data(), static_cast<uint32_t>(names.size()), &each,
      [](void* user, tarsier_str table, tarsier_bytes key, tarsier_bytes value) {
        (*static_cast<Each*>(user))(view(table), view(key), view(value));
      },
      &error);
  return Result<void>::from_c(status, error);
}

inline Result<std::vector<std::string>> list_envs(const Host& host, std::string_view prefix) {
  std::vector<std::string> names;
  tarsier_error error = empty_error();
  const tarsier_status status = host.storage->list(
      host.raw(), str(prefix), &names,
      [](void* user, tarsier_str name) { static_cast<std::vector<std::string>*>(user)->emplace_back(view(name)); }, &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return names;
}

/// [work] Copies environments to "snapshots/<name>" below the data directory; the absolute path of it. UNSUPPORTED by a host that
/// cannot.
inline Result<std::string> snapshot_envs(const Host& host, std::string_view name, std::span<const std::string> environments) {
  if (!TARSIER_HAS(host.storage, snapshot) || host.storage->snapshot == nullptr)
    return Error{TARSIER_UNSUPPORTED, "this host's storage makes no snapshots"};
  std::vector<tarsier_str> names;
  for (const std::string& one : environments) names.push_back(str(one));
  std::string directory;
  tarsier_error error = empty_error();
  const tarsier_status status = host.storage->snapshot(
      host.raw(), str(name), names.data(), static_cast<uint32_t>(names.size()), &directory,
      [](void* user, tarsier_str path) { *static_cast<std::string*>(user) = view(path); }, &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return directory;
}

/// Builds a sealed environment; it appears only with finish(), and not at all without.
class Sealer {
 public:
  Sealer(const tarsier_storage* api, tarsier_sealer* raw) noexcept : api_(api), raw_(raw) {}
  Sealer(Sealer&& other) noexcept : api_(other.api_), raw_(std::exchange(other.raw_, nullptr)) {}
  Sealer& operator=(Sealer&&) = delete;
  ~Sealer() {
    if (raw_ != nullptr) api_->seal_abort(raw_);
  }
  /// Keys of each table in ascending order.
  Result<void> append(std::string_view table, std::string_view key, std::string_view value) {
    tarsier_error error = empty_error();
    return Result<void>::from_c(api_->seal_append(raw_, str(table), bytes(key), bytes(value), &error), error);
  }
  Result<void> finish() {
    tarsier_error error = empty_error();
    return Result<void>::from_c(api_->seal_finish(std::exchange(raw_, nullptr), &error), error);
  }

 private:
  const tarsier_storage* api_;
  tarsier_sealer* raw_;
};

inline Result<Sealer> seal(const Host& host, std::string_view name) {
  tarsier_sealer* raw = nullptr;
  tarsier_error error = empty_error();
  const tarsier_status status = host.storage->seal_begin(host.raw(), str(name), &raw, &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return Sealer(host.storage, raw);
}

}  // namespace tarsier
