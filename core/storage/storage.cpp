#include "core/storage/storage.hpp"

#include <algorithm>

#include "core/storage/data_dir.hpp"
#include "core/storage/env_name.hpp"
#include "core/storage/handle.hpp"
#include "core/storage/page_walk.hpp"
#include "core/storage/sealed_note.hpp"
#include "core/storage/sealer.hpp"
#include "core/storage/snapshot.hpp"

namespace tarsier::storage {

Storage::Storage(StorageOptions options) { shared_.options = std::move(options); }

Result<std::unique_ptr<Storage>> Storage::open(StorageOptions options) {
  if (options.boot_id.empty()) options.boot_id = current_boot_id();
  auto dir = DataDir::open(options.data_dir);
  if (!dir) return std::move(dir).error();
  options.data_dir = dir->path();
  std::unique_ptr<Storage> storage(new Storage(std::move(options)));
  storage->dir_ = std::make_unique<DataDir>(std::move(*dir));
  storage->shared_.budget.add(static_cast<int64_t>(storage->dir_->used_bytes()));
  return storage;
}

Storage::~Storage() { close_all_of(nullptr, true); }

Result<std::shared_ptr<Environment>> Storage::find_or_open(std::string_view name, const OpenOptions& options) {
  const bool sealed = (options.flags & TARSIER_ENV_SEALED) != 0;
  const tarsier_durability durability =
      options.durability == TARSIER_DURABILITY_DEFAULT ? shared_.options.durability : options.durability;
  const bool commit = durability == TARSIER_DURABILITY_COMMIT;
  const std::string context = "open environment " + std::string(name);
  const auto wrong_kind = [&](bool is) {
    return Error::invalid(context +
                          (is ? ": it is sealed, and opened as a writable one" : ": it is writable, and opened as a sealed one"));
  };
  if (const auto it = environments_.find(name); it != environments_.end()) {
    if (it->second->sealed() != sealed) return wrong_kind(it->second->sealed());
    it->second->share(commit, options.quota_bytes);
    return it->second;
  }
  const std::string dir = dir_->env_dir(name);
  auto exists = is_there(dir + "/data.mdb");
  auto is = exists && *exists ? is_sealed(dir) : Result<bool>(sealed);
  if (!exists || !is) return Error(exists ? is.error() : exists.error()).in(context);
  if (!*exists && (sealed || (options.flags & TARSIER_ENV_CREATE) == 0)) return Error::not_found(context + ": there is none");
  if (*is != sealed) return wrong_kind(*is);
  auto opened = Environment::open(shared_, {std::string(name), dir, sealed, commit, options.quota_bytes});
  if (opened) environments_.emplace(name, *opened);
  return opened;
}

Result<tarsier_env*> Storage::open_env(host::Owner* owner, std::string_view name, const OpenOptions& options) {
  if (auto ok = check_env_name(name); !ok) return std::move(ok).error();
  if (options.durability < TARSIER_DURABILITY_DEFAULT || options.durability > TARSIER_DURABILITY_INTERVAL) {
    return Error::invalid("open environment " + std::string(name) + ": unknown durability " + std::to_string(options.durability));
  }
  const std::lock_guard lock(mutex_);
  auto environment = find_or_open(name, options);
  if (!environment) return std::move(environment).error();
  auto* handle = new tarsier_env{this, owner, std::move(*environment), 0};
  handles_.insert(handle);
  return handle;
}

void Storage::close_env(tarsier_env* env) {
  {
    const std::lock_guard lock(mutex_);
    if (handles_.erase(env) == 0) return;  // detach() was first
  }
  env->environment->wait_for(env);
  for (tarsier_snapshot* snapshot : env->environment->snapshots_of(env)) tarsier_snapshot::end(snapshot);
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Environment> environment = std::move(env->environment);
  delete env;
  const bool used =
      std::any_of(handles_.begin(), handles_.end(), [&](tarsier_env* other) { return other->environment == environment; });
  const auto it = environments_.find(environment->name());
  if (!used && it != environments_.end() && it->second == environment) environments_.erase(it);
}

Result<void> Storage::rotate(tarsier_env* env, std::string_view to) {
  if (auto ok = check_env_name(to); !ok) return ok;
  return env->environment->rotate(std::string(to), dir_->env_dir(to));
}

Result<tarsier_sealer*> Storage::begin_seal(host::Owner* owner, std::string_view name) {
  if (auto ok = check_env_name(name); !ok) return std::move(ok).error();
  if (file_exists(dir_->env_dir(name) + "/data.mdb"))
    return Error::invalid("seal environment " + std::string(name) + ": it exists already");
  const std::string temporary = dir_->path() + "/" + std::string(kSealPrefix) + std::to_string(++seals_);
  auto sealer = tarsier_sealer::begin(*this, owner, std::string(name), temporary);
  if (!sealer) return std::move(sealer).error().in("seal environment " + std::string(name));
  const std::lock_guard lock(mutex_);
  sealers_.insert(*sealer);
  return sealer;
}

Result<void> Storage::finish_seal(tarsier_sealer* sealer) {
  {
    const std::lock_guard lock(mutex_);
    if (sealers_.erase(sealer) == 0) return Error(TARSIER_CANCELLED, "the instance was stopped before the sealing was finished");
  }
  const std::unique_ptr<tarsier_sealer> ended(sealer);
  Result<void> done = sealer->complete();
  if (done) {
    const std::lock_guard lock(mutex_);
    const std::string dir = dir_->env_dir(sealer->name());
    done = file_exists(dir + "/data.mdb") ? Error::invalid("it exists already") : sealer->place(dir);
  }
  if (!done) return Error(done.error()).in("seal environment " + sealer->name());
  return done;
}

void Storage::abort_seal(tarsier_sealer* sealer) {
  {
    const std::lock_guard lock(mutex_);
    if (sealers_.erase(sealer) == 0) return;
  }
  delete sealer;
}

Result<void> Storage::remove(host::Owner* owner, std::string_view name) {
  if (auto ok = check_env_name(name); !ok) return ok;
  const std::string context = "remove environment " + std::string(name);
  const std::lock_guard lock(mutex_);
  const auto it = environments_.find(name);
  if (it != environments_.end()) {
    const bool mine = std::any_of(handles_.begin(), handles_.end(),
                                  [&](tarsier_env* env) { return env->owner == owner && env->environment == it->second; });
    if (mine) return Error::invalid(context + ": this instance has it open");
  }
  const std::string data_file = dir_->env_dir(name) + "/data.mdb";
  auto exists = is_there(data_file);
  if (!exists) return std::move(exists).error().in(context);
  if (!*exists) return Error::not_found(context + ": there is none");
  const uint64_t bytes = file_size(data_file);
  if (auto ok = dir_->remove(name); !ok) return std::move(ok).error().in(context);
  shared_.budget.add(-static_cast<int64_t>(bytes));
  if (it != environments_.end()) {
    it->second->mark_removed();
    environments_.erase(it);
  }
  return {};
}

/// mutex_ is held.
Result<void> Storage::check_closed(std::string_view name) const {
  if (auto ok = check_env_name(name); !ok) return ok;
  if (environments_.contains(name)) return Error::invalid("it is open");
  auto exists = is_there(dir_->env_dir(name) + "/data.mdb");
  if (!exists) return std::move(exists).error();
  if (!*exists) return Error::not_found("there is none");
  return {};
}

Result<void> Storage::rename(std::string_view name, std::string_view to) {
  const std::string context = "rename environment " + std::string(name) + " to " + std::string(to);
  const std::lock_guard lock(mutex_);
  auto done = check_closed(name);
  if (done) done = check_env_name(to);
  if (done) done = dir_->rename(name, to);
  if (!done) return std::move(done).error().in(context);
  return {};
}

Result<void> Storage::salvage(std::string_view name, const std::vector<std::string>& tables, const Salvaged& each) {
  const std::string context = "salvage environment " + std::string(name);
  {
    const std::lock_guard lock(mutex_);
    if (auto closed = check_closed(name); !closed) return std::move(closed).error().in(context);
  }
  auto done = salvage_file(dir_->env_dir(name) + "/data.mdb", tables, each);
  if (!done) return std::move(done).error().in(context);
  return {};
}

Result<std::vector<std::string>> Storage::list(std::string_view prefix) { return dir_->list(prefix); }

Result<void> Storage::verify(std::string_view name, const Damage& each) {
  if (auto ok = check_env_name(name); !ok) return ok;
  auto sealed = is_sealed(dir_->env_dir(name));
  if (!sealed) return std::move(sealed).error();
  auto env = open_env(nullptr, name, {*sealed ? kSealedFlag : 0U, TARSIER_DURABILITY_DEFAULT, 0});
  const auto damaged = [&](const Error& error) {
    if (error.code() == TARSIER_CORRUPT && each) each("", "", error.message());
    return Error(error);
  };
  if (!env) return damaged(env.error());
  auto snapshot = tarsier_snapshot::begin(*env, (*env)->environment);
  if (!snapshot) {
    close_env(*env);
    return damaged(snapshot.error());
  }
  uint64_t bad = 0;
  Result<void> failed;
  for (const std::string& table : (*snapshot)->tables()) {
    auto cursor = (*snapshot)->open_cursor(table);
    if (!cursor) {
      failed = cursor.error();
      break;
    }
    Entry entry;
    for (auto step = (*cursor)->next(entry); step || step.error().code() != TARSIER_NOT_FOUND; step = (*cursor)->next(entry)) {
      if (step) continue;
      ++bad;
      if (each) each(table, entry.key, step.error().message());
      if (entry.key.empty()) break;  // not a value: the walk itself failed
    }
  }
  tarsier_snapshot::end(*snapshot);
  close_env(*env);
  if (!failed) return failed;
  if (bad != 0)
    return Error(TARSIER_CORRUPT, "environment " + std::string(name) + ": " + std::to_string(bad) + " values do not verify");
  return {};
}

void Storage::detach(host::Owner& owner) { close_all_of(&owner, false); }

void Storage::close_all_of(host::Owner* owner, bool everyone) {
  std::vector<tarsier_env*> handles;
  std::vector<tarsier_sealer*> sealers;
  {
    const std::lock_guard lock(mutex_);
    std::copy_if(handles_.begin(), handles_.end(), std::back_inserter(handles),
                 [&](tarsier_env* env) { return everyone || env->owner == owner; });
    std::copy_if(sealers_.begin(), sealers_.end(), std::back_inserter(sealers),
                 [&](tarsier_sealer* sealer) { return everyone || sealer->owner() == owner; });
  }
  for (tarsier_sealer* sealer : sealers) abort_seal(sealer);
  for (tarsier_env* env : handles) close_env(env);
}

std::vector<EnvironmentStatistics> Storage::statistics() {
  const std::lock_guard lock(mutex_);
  std::vector<EnvironmentStatistics> all;
  all.reserve(environments_.size());
  for (const auto& [name, environment] : environments_) all.push_back(environment->statistics());
  return all;
}

}  // namespace tarsier::storage
