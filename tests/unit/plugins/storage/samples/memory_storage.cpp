#include "memory_storage.hpp"

namespace tarsier::samples::test {

MemoryStorage::MemoryStorage() : host_(&raw_) {
  raw_.size = sizeof(raw_);
  raw_.ctx = this;
  log_.size = sizeof(log_);
  log_.enabled = [](const tarsier_host*, tarsier_log_level) -> int32_t { return 0; };
  table_.size = sizeof(table_);
  fill_environment_calls();
  fill_read_calls();
  fill_seal_calls();
  host_.storage = &table_;
  host_.log_service = &log_;
}

bool MemoryStorage::change() {
  if (changes_left_ == 0) return false;
  if (changes_left_ != UINT64_MAX) --changes_left_;
  return true;
}

void MemoryStorage::power_on() {
  const std::scoped_lock lock(mutex_);
  changes_left_ = UINT64_MAX;
  for (auto& [name, environment] : environments_) environment->open = 0;
}

std::vector<std::string> MemoryStorage::names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, environment] : environments_) names.push_back(name);
  return names;
}

void MemoryStorage::damage(const std::string& name, const std::string& table) {
  Contents& contents = *environments_.at(name)->contents;
  contents.damaged[table] = contents.tables.at(table).begin()->first;
}

uint64_t MemoryStorage::bytes_of(const Contents& contents) {
  uint64_t bytes = 0;
  for (const auto& [name, table] : contents.tables) {
    for (const auto& [key, value] : table) bytes += key.size() + value.size();
  }
  return bytes;
}

void MemoryStorage::apply(Environment& environment, const Held& held) {
  if (environment.contents.use_count() > 1) environment.contents = std::make_shared<Contents>(*environment.contents);
  for (const auto& [kind, parts] : held.ops) {
    Table& table = environment.contents->tables[parts[0]];
    if (kind == TARSIER_OP_DELETE) {
      table.erase(parts[1]);
    } else if (kind == TARSIER_OP_CLEAR) {
      table.clear();
    } else {
      if (kind == TARSIER_OP_APPEND && !table.empty() && table.rbegin()->first >= parts[1]) bug("append below the last key");
      table[parts[1]] = parts[2];
    }
  }
}

MemoryStorage::Held MemoryStorage::copy_of(Handle& handle, const tarsier_op* ops, uint32_t count, tarsier_committed_fn committed,
                                           void* user) {
  Held held{handle.environment, {}, committed, user};
  for (uint32_t i = 0; i < count; ++i) {
    held.ops.push_back(
        {ops[i].kind, {std::string(view(ops[i].table)), std::string(view(ops[i].key)), std::string(view(ops[i].value))}});
  }
  return held;
}

void MemoryStorage::release_commits() {
  holding_ = false;
  while (!held_.empty()) {
    Held held = std::move(held_.front());
    held_.pop_front();
    {
      const std::scoped_lock lock(mutex_);
      apply(*held.environment, held);
    }
    held.committed(held.user, TARSIER_OK, str(""), ++sequence_);
  }
}

void MemoryStorage::fail_held_commits(tarsier_status status) {
  holding_ = false;
  while (!held_.empty()) {
    Held held = std::move(held_.front());
    held_.pop_front();
    held.committed(held.user, status, str("injected"), 0);
  }
}

void MemoryStorage::fill_environment_calls() {
  table_.open = [](const tarsier_host* host, tarsier_str name, const tarsier_env_options* options, tarsier_env** out,
                   tarsier_error* error) -> tarsier_status {
    MemoryStorage& self = of(host);
    const std::scoped_lock lock(self.mutex_);
    const std::string key(view(name));
    auto found = self.environments_.find(key);
    if (self.refuse_opens_ != TARSIER_OK && key == self.unopened_name_) return say(error, self.refuse_opens_, "cannot open " + key);
    if (found == self.environments_.end()) {
      if ((options->flags & TARSIER_ENV_CREATE) == 0) return say(error, TARSIER_NOT_FOUND, "no environment " + key);
      if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
      found = self.environments_.emplace(key, std::make_shared<Environment>()).first;
    }
    if (found->second->sealed != ((options->flags & TARSIER_ENV_SEALED) != 0))
      return say(error, TARSIER_INVALID, "sealed or not: " + key);
    ++found->second->open;
    *out = reinterpret_cast<tarsier_env*>(new Handle{&self, key, found->second});
    return TARSIER_OK;
  };
  table_.close = [](tarsier_env* env) {
    const std::unique_ptr<Handle> handle(reinterpret_cast<Handle*>(env));
    const std::scoped_lock lock(handle->storage->mutex_);
    if (handle->environment->open > 0) --handle->environment->open;
  };
  table_.write = [](tarsier_env* env, const tarsier_op* ops, uint32_t count, tarsier_committed_fn committed, void* user,
                    tarsier_error* error) -> tarsier_status {
    Handle& handle = *reinterpret_cast<Handle*>(env);
    MemoryStorage& self = *handle.storage;
    if (self.refuse_ != TARSIER_OK) return say(error, self.refuse_, "injected");
    Held held = copy_of(handle, ops, count, committed, user);
    if (self.holding_) {
      self.held_.push_back(std::move(held));
      return TARSIER_OK;
    }
    {
      const std::scoped_lock lock(self.mutex_);
      if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
      apply(*handle.environment, held);
    }
    committed(user, TARSIER_OK, str(""), ++self.sequence_);
    return TARSIER_OK;
  };
  table_.write_wait = [](tarsier_env* env, const tarsier_op* ops, uint32_t count, tarsier_error* error) -> tarsier_status {
    Handle& handle = *reinterpret_cast<Handle*>(env);
    MemoryStorage& self = *handle.storage;
    if (self.refuse_ != TARSIER_OK) return say(error, self.refuse_, "injected");
    const std::scoped_lock lock(self.mutex_);
    if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
    apply(*handle.environment, copy_of(handle, ops, count, nullptr, nullptr));
    return TARSIER_OK;
  };
  table_.sync = [](tarsier_env* env, tarsier_error* error) -> tarsier_status {
    MemoryStorage& self = *reinterpret_cast<Handle*>(env)->storage;
    return self.powered() ? TARSIER_OK : say(error, TARSIER_UNAVAILABLE, "no power");
  };
  table_.rotate = [](tarsier_env* env, tarsier_str to, tarsier_error* error) -> tarsier_status {
    Handle& handle = *reinterpret_cast<Handle*>(env);
    MemoryStorage& self = *handle.storage;
    const std::scoped_lock lock(self.mutex_);
    if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
    auto old = std::make_shared<Environment>();
    old->contents = std::exchange(handle.environment->contents, std::make_shared<Contents>());
    old->sealed = true;
    self.environments_[std::string(view(to))] = std::move(old);
    return TARSIER_OK;
  };
  table_.remove = [](const tarsier_host* host, tarsier_str name, tarsier_error* error) -> tarsier_status {
    MemoryStorage& self = of(host);
    const std::scoped_lock lock(self.mutex_);
    const auto found = self.environments_.find(std::string(view(name)));
    if (found == self.environments_.end()) return say(error, TARSIER_NOT_FOUND, "no environment " + std::string(view(name)));
    if (found->second->open != 0) return say(error, TARSIER_INVALID, "open: " + std::string(view(name)));
    if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
    self.environments_.erase(found);
    return TARSIER_OK;
  };
  table_.list = [](const tarsier_host* host, tarsier_str prefix, void* user, void (*each)(void*, tarsier_str),
                   tarsier_error*) -> tarsier_status {
    for (const std::string& name : of(host).names()) {
      if (name.starts_with(view(prefix))) each(user, str(name));
    }
    return TARSIER_OK;
  };
  table_.rename = [](const tarsier_host* host, tarsier_str name, tarsier_str to, tarsier_error* error) -> tarsier_status {
    MemoryStorage& self = of(host);
    const std::scoped_lock lock(self.mutex_);
    const auto found = self.environments_.find(std::string(view(name)));
    if (found == self.environments_.end()) return say(error, TARSIER_NOT_FOUND, "no environment " + std::string(view(name)));
    if (found->second->open != 0) return say(error, TARSIER_INVALID, "open: " + std::string(view(name)));
    if (self.environments_.contains(std::string(view(to)))) return say(error, TARSIER_INVALID, "exists: " + std::string(view(to)));
    if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
    auto node = self.environments_.extract(found);
    node.key() = view(to);
    self.environments_.insert(std::move(node));
    return TARSIER_OK;
  };
  table_.verify = [](const tarsier_host* host, tarsier_str name, void*, void (*)(void*, tarsier_str, tarsier_bytes, tarsier_str),
                     tarsier_error* error) -> tarsier_status {
    MemoryStorage& self = of(host);
    const std::scoped_lock lock(self.mutex_);
    const auto found = self.environments_.find(std::string(view(name)));
    if (found == self.environments_.end()) return say(error, TARSIER_NOT_FOUND, "no environment " + std::string(view(name)));
    return found->second->contents->damaged.empty() ? TARSIER_OK : say(error, TARSIER_CORRUPT, "damaged");
  };
  table_.stat = [](tarsier_env* env, tarsier_env_stat* out, tarsier_error*) -> tarsier_status {
    Handle& handle = *reinterpret_cast<Handle*>(env);
    const std::scoped_lock lock(handle.storage->mutex_);
    for (const auto& [name, table] : handle.environment->contents->tables) out->entries += table.size();
    out->file_bytes = bytes_of(*handle.environment->contents);
    return TARSIER_OK;
  };
}

tarsier_status MemoryStorage::stand(Walk& walk, bool valid, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
  if (!valid) return say(error, TARSIER_NOT_FOUND, "end of " + walk.table_name);
  *key = bytes(walk.at->first);
  *value = bytes(walk.at->second);
  const auto damaged = walk.view->contents->damaged.find(walk.table_name);
  if (damaged != walk.view->contents->damaged.end() && damaged->second == walk.at->first) {
    return say(error, TARSIER_CORRUPT, "checksum of a value in " + walk.table_name);
  }
  return TARSIER_OK;
}

void MemoryStorage::fill_read_calls() {
  table_.begin_read = [](tarsier_env* env, tarsier_snapshot** out, tarsier_error*) -> tarsier_status {
    Handle& handle = *reinterpret_cast<Handle*>(env);
    const std::scoped_lock lock(handle.storage->mutex_);
    *out = reinterpret_cast<tarsier_snapshot*>(new View{handle.environment->contents});
    return TARSIER_OK;
  };
  table_.end_read = [](tarsier_snapshot* snapshot) { delete reinterpret_cast<View*>(snapshot); };
  table_.get = [](tarsier_snapshot* snapshot, tarsier_str table, tarsier_bytes key, tarsier_bytes* value,
                  tarsier_error* error) -> tarsier_status {
    const Contents& contents = *reinterpret_cast<View*>(snapshot)->contents;
    const auto found = contents.tables.find(std::string(view(table)));
    if (found == contents.tables.end()) return say(error, TARSIER_NOT_FOUND, "no table");
    const auto entry = found->second.find(std::string(view(key)));
    if (entry == found->second.end()) return say(error, TARSIER_NOT_FOUND, "no key");
    const auto damaged = contents.damaged.find(found->first);
    if (damaged != contents.damaged.end() && damaged->second == entry->first)
      return say(error, TARSIER_CORRUPT, "checksum of a value in " + found->first);
    *value = bytes(entry->second);
    return TARSIER_OK;
  };
  table_.cursor_open = [](tarsier_snapshot* snapshot, tarsier_str table, tarsier_cursor** out, tarsier_error*) -> tarsier_status {
    static const Table kEmpty;
    const View& view_of = *reinterpret_cast<View*>(snapshot);
    const std::string name(view(table));
    const auto found = view_of.contents->tables.find(name);
    const Table* entries = found == view_of.contents->tables.end() ? &kEmpty : &found->second;
    *out = reinterpret_cast<tarsier_cursor*>(new Walk{&view_of, name, entries, entries->begin()});
    return TARSIER_OK;
  };
  table_.cursor_close = [](tarsier_cursor* cursor) { delete reinterpret_cast<Walk*>(cursor); };
  table_.seek = [](tarsier_cursor* cursor, tarsier_bytes at, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
    Walk& walk = *reinterpret_cast<Walk*>(cursor);
    walk.at = walk.table->lower_bound(std::string(view(at)));
    walk.before_first = false;
    return stand(walk, walk.at != walk.table->end(), key, value, error);
  };
  table_.last = [](tarsier_cursor* cursor, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
    Walk& walk = *reinterpret_cast<Walk*>(cursor);
    walk.before_first = false;
    walk.at = walk.table->empty() ? walk.table->end() : std::prev(walk.table->end());
    return stand(walk, walk.at != walk.table->end(), key, value, error);
  };
  table_.next = [](tarsier_cursor* cursor, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
    Walk& walk = *reinterpret_cast<Walk*>(cursor);
    if (!std::exchange(walk.before_first, false) && walk.at != walk.table->end()) ++walk.at;
    return stand(walk, walk.at != walk.table->end(), key, value, error);
  };
  table_.previous = [](tarsier_cursor* cursor, tarsier_bytes* key, tarsier_bytes* value, tarsier_error* error) {
    Walk& walk = *reinterpret_cast<Walk*>(cursor);
    if (walk.at == walk.table->begin()) return say(error, TARSIER_NOT_FOUND, "begin of " + walk.table_name);
    --walk.at;
    return stand(walk, true, key, value, error);
  };
}

void MemoryStorage::fill_seal_calls() {
  table_.seal_begin = [](const tarsier_host* host, tarsier_str name, tarsier_sealer** out, tarsier_error*) -> tarsier_status {
    *out = reinterpret_cast<tarsier_sealer*>(new Making{&of(host), std::string(view(name))});
    return TARSIER_OK;
  };
  table_.seal_append = [](tarsier_sealer* sealer, tarsier_str table, tarsier_bytes key, tarsier_bytes value,
                          tarsier_error* error) -> tarsier_status {
    Table& entries = reinterpret_cast<Making*>(sealer)->contents->tables[std::string(view(table))];
    if (!entries.empty() && entries.rbegin()->first >= view(key)) return say(error, TARSIER_INVALID, "keys do not ascend");
    entries[std::string(view(key))] = view(value);
    return TARSIER_OK;
  };
  table_.seal_finish = [](tarsier_sealer* sealer, tarsier_error* error) -> tarsier_status {
    const std::unique_ptr<Making> making(reinterpret_cast<Making*>(sealer));
    MemoryStorage& self = *making->storage;
    const std::scoped_lock lock(self.mutex_);
    if (self.refuse_seals_ != TARSIER_OK && making->name.starts_with(self.refused_prefix_))
      return say(error, self.refuse_seals_, "injected");
    if (bytes_of(*making->contents) > self.most_sealed_bytes_) return say(error, TARSIER_RESOURCE, "no space left");
    if (self.environments_.contains(making->name)) return say(error, TARSIER_INVALID, "exists: " + making->name);
    if (!self.change()) return say(error, TARSIER_UNAVAILABLE, "no power");
    auto environment = std::make_shared<Environment>();
    environment->contents = making->contents;
    environment->sealed = true;
    self.environments_[making->name] = std::move(environment);
    return TARSIER_OK;
  };
  table_.seal_abort = [](tarsier_sealer* sealer) { delete reinterpret_cast<Making*>(sealer); };
}

}  // namespace tarsier::samples::test
