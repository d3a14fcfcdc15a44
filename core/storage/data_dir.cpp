#include "core/storage/data_dir.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include "core/storage/env_name.hpp"
#include "core/storage/sync_mark.hpp"

namespace tarsier::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEnvFiles[] = {"lock.mdb", "synced", "sealed", "rotating"};  // besides data.mdb

std::string rotating_path(const std::string& env_dir) { return env_dir + "/rotating"; }

bool is_temporary(const std::string& name) {
  return name.starts_with(kSealPrefix) || name.starts_with(kFreshPrefix) || name.starts_with(kSnapshotPrefix);
}

Result<Fd> take_lock(const std::string& path) {
  const std::string lock_path = path + "/lock";
  auto fd = open_file(lock_path, O_RDWR | O_CREAT);
  if (!fd) return fd;
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(errno, "lock " + lock_path);
    auto holder = read_file(lock_path);
    const std::string pid = holder && !holder->empty() ? holder->substr(0, holder->find('\n')) : "unknown";
    return Error::unavailable("data directory " + path + " is in use by process " + pid);
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd->get(), 0) != 0) return system_error(errno, "write " + lock_path);
  if (auto ok = write_at(fd->get(), pid, 0, lock_path); !ok) return std::move(ok).error();
  return fd;
}

struct Directory {
  std::string name;  // relative to the data directory
  bool readable = true;
};

/// Every directory below `path` that is neither a temporary one nor of a snapshot, `path` itself excluded.
Result<std::vector<Directory>> directories(const std::string& path) {
  std::vector<Directory> found;
  std::error_code failed;
  auto it = fs::recursive_directory_iterator(path, failed);
  for (; !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    std::error_code unknown;
    if (!it->is_directory(unknown) || it->is_symlink(unknown)) continue;
    const std::string own = it->path().filename().native();
    if (own.starts_with(".") || (it.depth() == 0 && own == kSnapshots)) {
      it.disable_recursion_pending();
      continue;
    }
    const bool readable = ::access(it->path().c_str(), R_OK | X_OK) == 0;
    if (!readable) it.disable_recursion_pending();
    found.push_back({it->path().native().substr(path.size() + 1), readable});
  }
  if (failed) return system_error(failed.value(), "list " + path);
  return found;
}

/// What is left in a directory whose data file never came or has gone.
Result<void> remove_leftovers(const std::string& env_dir) {
  for (const char* file : kEnvFiles) {
    if (auto ok = remove_file(env_dir + "/" + file); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path) {
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (clean.empty()) return Error::invalid("the data directory has no name");
  if (auto ok = make_directories(clean); !ok) return std::move(ok).error();
  auto lock = take_lock(clean);
  if (!lock) return std::move(lock).error();
  DataDir dir(clean, std::move(*lock));
  if (auto ok = dir.recover(); !ok) return std::move(ok).error().in("recover data directory " + clean);
  return dir;
}

Result<void> DataDir::recover() const {
  std::error_code failed;
  std::vector<std::string> temporary;
  for (auto it = fs::directory_iterator(path_, failed); !failed && it != fs::directory_iterator(); it.increment(failed)) {
    if (is_temporary(it->path().filename().native())) temporary.push_back(it->path().native());
  }
  if (failed) return system_error(failed.value(), "list " + path_);
  for (const std::string& one : temporary) {
    if (auto ok = remove_tree(one); !ok) return ok;
  }
  auto found = directories(path_);
  if (!found) return std::move(found).error();
  std::erase_if(*found, [](const Directory& one) { return !one.readable; });  // left to who opens it
  for (const auto& [name, readable] : *found) {
    if (auto ok = recover_rotation(path_, name, env_dir(name), false); !ok) return ok;
  }
  for (const auto& [name, readable] : *found) {
    const auto has_data = is_there(env_dir(name) + "/data.mdb");
    if (!has_data || *has_data) continue;
    if (auto ok = remove_leftovers(env_dir(name)); !ok) return ok;
  }
  return {};
}

Result<std::vector<std::string>> DataDir::list(std::string_view prefix) const {
  auto found = directories(path_);
  if (!found) return std::move(found).error();
  std::vector<std::string> names;
  for (auto& [name, readable] : *found) {
    const bool is_above = prefix.starts_with(name + "/");
    if (!is_above && (!name.starts_with(prefix) || !check_env_name(name))) continue;
    // One that cannot be looked at may well be an environment; what lies below it is not known.
    const auto has_data = is_there(env_dir(name) + "/data.mdb");
    const bool may_be_one = !has_data || *has_data;
    if (!readable && (is_above || !may_be_one)) return system_error(EACCES, "list " + env_dir(name));
    if (may_be_one && !is_above) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

uint64_t DataDir::used_bytes() const {
  uint64_t bytes = 0;
  if (auto names = list("")) {
    for (const std::string& name : *names) bytes += file_size(env_dir(name) + "/data.mdb");
  }
  return bytes;
}

Result<void> DataDir::remove(std::string_view name) const {
  std::string dir = env_dir(name);
  if (auto ok = remove_file(dir + "/data.mdb"); !ok) return ok;
  if (auto ok = sync_directory(dir); !ok) return ok;
  if (auto ok = remove_leftovers(dir); !ok) return ok;
  while (dir.size() > path_.size() && ::rmdir(dir.c_str()) == 0) dir = parent_directory(dir);
  return sync_directory(dir);
}

Result<void> DataDir::rename(std::string_view name, std::string_view to) const {
  const std::string from_dir = env_dir(name), to_dir = env_dir(to);
  auto below = list(std::string(name) + "/");
  if (!below) return std::move(below).error();
  if (!below->empty()) return Error::invalid(below->front() + " stands below it");
  if (file_exists(to_dir)) return Error::invalid("it exists already");
  if (auto ok = make_directories(parent_directory(to_dir)); !ok) return ok;
  if (auto ok = rename_file(from_dir, to_dir); !ok) return ok;
  if (auto ok = sync_directory(parent_directory(to_dir)); !ok) return ok;
  return sync_directory(parent_directory(from_dir));
}

std::string fresh_file_dir(const std::string& data_dir, std::string_view name) {
  std::string flat(name);
  std::replace(flat.begin(), flat.end(), '/', '%');
  return data_dir + "/" + std::string(kFreshPrefix) + flat;
}

Result<std::shared_ptr<LmdbFile>> make_fresh_file(const std::string& data_dir, std::string_view name, uint64_t map_bytes) {
  const std::string dir = fresh_file_dir(data_dir, name);
  if (auto ok = remove_tree(dir); !ok) return std::move(ok).error();
  if (auto ok = make_directories(dir); !ok) return std::move(ok).error();
  auto file = LmdbFile::open(dir, LmdbFile::Mode::kActive, map_bytes);
  if (!file) return file;
  if (::fsync((*file)->data_fd()) != 0) return system_error(errno, "sync " + dir + "/data.mdb");
  return file;
}

Result<void> adopt_fresh_file(const std::string& fresh_dir, const std::string& env_dir) {
  if (auto ok = SyncMark::remove(env_dir); !ok) return ok;
  // The lock file goes first: it says nothing that a new start would need.
  if (auto ok = rename_file(fresh_dir + "/lock.mdb", env_dir + "/lock.mdb"); !ok) return ok;
  if (auto ok = rename_file(fresh_dir + "/data.mdb", env_dir + "/data.mdb"); !ok) return ok;
  if (auto ok = sync_directory(env_dir); !ok) return ok;
  return remove_tree(fresh_dir);
}

Result<void> begin_rotation(const std::string& env_dir, std::string_view to_name) {
  if (auto ok = write_synced_file(rotating_path(env_dir), to_name); !ok) return ok;
  return sync_directory(env_dir);
}

Result<void> finish_rotation(const std::string& env_dir) {
  if (auto ok = remove_file(rotating_path(env_dir)); !ok) return ok;
  return sync_directory(env_dir);
}

Result<void> recover_rotation(const std::string& data_dir, std::string_view name, const std::string& env_dir, bool unwritten) {
  if (!file_exists(rotating_path(env_dir))) return {};
  auto target = read_file(rotating_path(env_dir));
  if (!target) return std::move(target).error();
  const std::string target_file = data_dir + "/" + *target + "/data.mdb";
  // A name that was not written whole: the target got nothing yet.
  if (check_env_name(*target) && (same_file(env_dir + "/data.mdb", target_file) || (unwritten && file_exists(target_file)))) {
    constexpr uint64_t kAnyMap = 64U << 20U;
    if (auto fresh = make_fresh_file(data_dir, name, kAnyMap); !fresh) return std::move(fresh).error();
    if (auto ok = adopt_fresh_file(fresh_file_dir(data_dir, name), env_dir); !ok) return ok;
  } else if (check_env_name(*target) && file_exists(data_dir + "/" + *target)) {
    // That the second name has gone must be as safe as that the note has.
    if (auto ok = sync_directory(data_dir + "/" + *target); !ok) return ok;
  }
  return finish_rotation(env_dir);
}

}  // namespace tarsier::storage
