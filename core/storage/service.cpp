// The C table "tarsier.storage/1" over Storage, Environment, Snapshot and Sealer.
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>

#include "core/host/host_context.hpp"
#include "core/storage/handle.hpp"
#include "core/storage/sealer.hpp"
#include "core/storage/snapshot.hpp"
#include "core/storage/storage.hpp"

namespace tarsier::storage {
namespace {

/// Nothing of C++ leaves: what is thrown inside (memory, threads) becomes a status.
template <class Call>
tarsier_status guarded(tarsier_error* error, Call&& call) noexcept {
  try {
    const Result<void> done = call();
    return done.to_c(error);
  } catch (const std::bad_alloc&) {
    return Error(TARSIER_RESOURCE, "out of memory").to_c(error);
  } catch (const std::exception& failure) {
    return Error::internal(failure.what()).to_c(error);
  }
}

Result<Storage*> storage_of(const tarsier_host* host) {
  Storage* storage = host::context(host).rooms->storage;
  if (storage == nullptr) return Error::unavailable("this host has no storage");
  return storage;
}

tarsier_status env_open(const tarsier_host* host, tarsier_str name, const tarsier_env_options* options, tarsier_env** out,
                        tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    Storage::OpenOptions wanted;
    if (options != nullptr) {
      if (TARSIER_HAS(options, flags)) wanted.flags = options->flags;
      if (TARSIER_HAS(options, durability)) wanted.durability = options->durability;
      if (TARSIER_HAS(options, quota_bytes)) wanted.quota_bytes = options->quota_bytes;
    }
    auto env = (*storage)->open_env(host::context(host).owner, view(name), wanted);
    if (!env) return std::move(env).error();
    *out = *env;
    return {};
  });
}

void env_close(tarsier_env* env) {
  if (env != nullptr) env->storage->close_env(env);
}

Result<void> submit(tarsier_env* env, const tarsier_op* ops, uint32_t count, tarsier_committed_fn committed, void* user,
                    bool unhurried = false) {
  auto transaction = Transaction::pack(ops, count, checksum_codec());
  if (!transaction) return std::move(transaction).error().in("environment " + env->environment->name());
  (*transaction)->handle = env;
  (*transaction)->committed = committed;
  (*transaction)->user = user;
  (*transaction)->unhurried = unhurried;
  return env->environment->submit(std::move(*transaction));
}

tarsier_status env_write(tarsier_env* env, const tarsier_op* ops, uint32_t count, tarsier_committed_fn committed, void* user,
                         tarsier_error* error) {
  return guarded(error, [&] { return submit(env, ops, count, committed, user); });
}

tarsier_status env_write_unhurried(tarsier_env* env, const tarsier_op* ops, uint32_t count, tarsier_committed_fn committed,
                                   void* user, tarsier_error* error) {
  return guarded(error, [&] { return submit(env, ops, count, committed, user, true); });
}

/// Where a waiting caller finds its transaction's fate.
struct Waiter {
  std::mutex mutex;
  std::condition_variable met;
  std::optional<Result<void>> fate;

  static void meet(void* user, tarsier_status status, tarsier_str message, uint64_t /*sequence*/) {
    auto* waiter = static_cast<Waiter*>(user);
    const std::lock_guard lock(waiter->mutex);
    waiter->fate = status == TARSIER_OK ? Result<void>() : Result<void>(Error(status, std::string(view(message))));
    waiter->met.notify_all();
  }
};

tarsier_status env_write_wait(tarsier_env* env, const tarsier_op* ops, uint32_t count, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (env->environment->on_writer_thread())
      return Error::invalid("write_wait is not for a committed callback: it would wait for itself");
    Waiter waiter;
    if (auto ok = submit(env, ops, count, &Waiter::meet, &waiter); !ok) return ok;
    std::unique_lock lock(waiter.mutex);
    waiter.met.wait(lock, [&] { return waiter.fate.has_value(); });
    return std::move(*waiter.fate);
  });
}

tarsier_status snapshot_begin(tarsier_env* env, tarsier_snapshot** out, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto snapshot = tarsier_snapshot::begin(env, env->environment);
    if (!snapshot) return std::move(snapshot).error();
    *out = *snapshot;
    return {};
  });
}

void snapshot_end(tarsier_snapshot* snapshot) {
  if (snapshot != nullptr) tarsier_snapshot::end(snapshot);
}

tarsier_status snapshot_get(tarsier_snapshot* snapshot, tarsier_str table, tarsier_bytes key, tarsier_bytes* value,
                            tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto found = snapshot->get(view(table), view(key));
    if (!found) return std::move(found).error();
    *value = bytes(*found);
    return {};
  });
}

tarsier_status cursor_open(tarsier_snapshot* snapshot, tarsier_str table, tarsier_cursor** out, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto cursor = snapshot->open_cursor(view(table));
    if (!cursor) return std::move(cursor).error();
    *out = *cursor;
    return {};
  });
}

void cursor_close(tarsier_cursor* cursor) {
  if (cursor != nullptr) cursor->snapshot().close_cursor(cursor);
}

/// One step of a cursor; key and value are filled for an entry, the key alone for a corrupt one.
template <class Step>
tarsier_status cursor_step(tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error, Step&& step) noexcept {
  Entry entry;
  const tarsier_status status = guarded(error, [&]() -> Result<void> { return step(entry); });
  if (key != nullptr) *key = bytes(entry.key);
  if (value != nullptr) *value = bytes(entry.value);
  return status;
}

tarsier_status cursor_seek(tarsier_cursor* cursor, tarsier_bytes at, tarsier_bytes* key, tarsier_bytes* value,
                           tarsier_error* error) {
  return cursor_step(key, value, error, [&](Entry& entry) { return cursor->seek(view(at), entry); });
}
tarsier_status cursor_last(tarsier_cursor* cursor, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
  return cursor_step(key, value, error, [&](Entry& entry) { return cursor->last(entry); });
}
tarsier_status cursor_next(tarsier_cursor* cursor, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
  return cursor_step(key, value, error, [&](Entry& entry) { return cursor->next(entry); });
}
tarsier_status cursor_previous(tarsier_cursor* cursor, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
  return cursor_step(key, value, error, [&](Entry& entry) { return cursor->previous(entry); });
}

tarsier_status seal_begin(const tarsier_host* host, tarsier_str name, tarsier_sealer** out, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    auto sealer = (*storage)->begin_seal(host::context(host).owner, view(name));
    if (!sealer) return std::move(sealer).error();
    *out = *sealer;
    return {};
  });
}

tarsier_status seal_append(tarsier_sealer* sealer, tarsier_str table, tarsier_bytes key, tarsier_bytes value,
                           tarsier_error* error) {
  return guarded(error, [&] { return sealer->append(view(table), view(key), view(value)); });
}

tarsier_status seal_finish(tarsier_sealer* sealer, tarsier_error* error) {
  return guarded(error, [&] { return sealer->storage().finish_seal(sealer); });
}

void seal_abort(tarsier_sealer* sealer) {
  if (sealer != nullptr) sealer->storage().abort_seal(sealer);
}

tarsier_status env_rotate(tarsier_env* env, tarsier_str to, tarsier_error* error) {
  return guarded(error, [&] { return env->storage->rotate(env, view(to)); });
}

tarsier_status env_remove(const tarsier_host* host, tarsier_str name, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    return (*storage)->remove(host::context(host).owner, view(name));
  });
}

tarsier_status env_list(const tarsier_host* host, tarsier_str prefix, void* user, void (*each)(void* user, tarsier_str name),
                        tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    auto names = (*storage)->list(view(prefix));
    if (!names) return std::move(names).error();
    for (const std::string& name : *names) each(user, str(name));
    return {};
  });
}

tarsier_status env_stat(tarsier_env* env, tarsier_env_stat* out, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto stat = env->environment->stat();
    if (!stat) return std::move(stat).error();
    const uint32_t room = out->size;
    std::memcpy(out, &*stat, room < sizeof(*stat) ? room : sizeof(*stat));
    out->size = room;
    return {};
  });
}

tarsier_status env_verify(const tarsier_host* host, tarsier_str name, void* user,
                          void (*each)(void* user, tarsier_str table, tarsier_bytes key, tarsier_str what), tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    return (*storage)->verify(view(name), [&](std::string_view table, std::string_view key, std::string_view what) {
      if (each != nullptr) each(user, str(table), bytes(key), str(what));
    });
  });
}

tarsier_status env_backup(const tarsier_host* host, tarsier_str prefix, tarsier_str directory, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    return (*storage)->backup(view(prefix), std::string(view(directory)));
  });
}

std::vector<std::string> copies_of(const tarsier_str* texts, uint32_t count) {
  std::vector<std::string> copies;
  copies.reserve(count);
  for (uint32_t i = 0; i < count; ++i) copies.emplace_back(view(texts[i]));
  return copies;
}

tarsier_status env_snapshot(const tarsier_host* host, tarsier_str name, const tarsier_str* environments, uint32_t count, void* user,
                            void (*made)(void* user, tarsier_str directory), tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    auto directory = (*storage)->snapshot(view(name), copies_of(environments, count));
    if (!directory) return std::move(directory).error();
    made(user, str(*directory));
    return {};
  });
}

tarsier_status env_salvage(const tarsier_host* host, tarsier_str name, const tarsier_str* tables, uint32_t count, void* user,
                           void (*each)(void* user, tarsier_str table, tarsier_bytes key, tarsier_bytes value),
                           tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    return (*storage)->salvage(view(name), copies_of(tables, count),
                               [&](std::string_view table, std::string_view key, std::string_view value) {
                                 each(user, str(table), bytes(key), bytes(value));
                               });
  });
}

tarsier_status env_rename(const tarsier_host* host, tarsier_str name, tarsier_str to, tarsier_error* error) {
  return guarded(error, [&]() -> Result<void> {
    auto storage = storage_of(host);
    if (!storage) return std::move(storage).error();
    return (*storage)->rename(view(name), view(to));
  });
}

tarsier_status env_sync(tarsier_env* env, tarsier_error* error) {
  return guarded(error, [&] { return env->environment->sync_now(); });
}

constexpr tarsier_storage kService = {
    sizeof(tarsier_storage),
    env_open,
    env_close,
    env_write,
    env_write_wait,
    snapshot_begin,
    snapshot_end,
    snapshot_get,
    cursor_open,
    cursor_close,
    cursor_seek,
    cursor_last,
    cursor_next,
    cursor_previous,
    seal_begin,
    seal_append,
    seal_finish,
    seal_abort,
    env_rotate,
    env_remove,
    env_list,
    env_stat,
    env_verify,
    env_backup,
    env_snapshot,
    env_salvage,
    env_rename,
    env_sync,
    env_write_unhurried,
};

}  // namespace

const tarsier_storage* storage_service() { return &kService; }

}  // namespace tarsier::storage
