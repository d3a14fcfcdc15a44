// Backup and snapshots: a consistent copy of each environment, while writing goes on. A sealed one is a hard link where the file
// system allows it.
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <lmdb.h>
#include <system_error>
#include <unistd.h>

#include "core/storage/data_dir.hpp"
#include "core/storage/env_name.hpp"
#include "core/storage/handle.hpp"
#include "core/storage/lmdb_error.hpp"
#include "core/storage/sealed_note.hpp"
#include "core/storage/snapshot.hpp"
#include "core/storage/storage.hpp"

namespace tarsier::storage {
namespace {

Result<void> copy_sealed(const std::string& from, const std::string& to) {
  if (auto ok = copy_file(from + "/sealed", to + "/sealed"); !ok) return ok;
  const std::string data_file = to + "/data.mdb";
  if (::link((from + "/data.mdb").c_str(), data_file.c_str()) == 0) return sync_directory(to);
  if (auto ok = copy_file(from + "/data.mdb", data_file); !ok) return ok;
  return sync_directory(to);
}

Result<void> copy_active(tarsier_env* env, const std::string& to) {
  // The snapshot only keeps the file of this moment open, whatever rotates meanwhile; LMDB copies the state of its own read.
  auto snapshot = tarsier_snapshot::begin(env, env->environment);
  if (!snapshot) return std::move(snapshot).error();
  const std::string data_file = to + "/data.mdb";
  auto fd = open_file(data_file, O_WRONLY | O_CREAT | O_EXCL);
  Result<void> done;
  if (!fd) {
    done = fd.error();
  } else if (const int code = mdb_env_copyfd2((*snapshot)->file().env(), fd->get(), 0); code != 0) {
    done = lmdb_error(code, "copy to " + data_file);
  } else if (::fsync(fd->get()) != 0) {
    done = system_error(errno, "sync " + data_file);
  }
  tarsier_snapshot::end(*snapshot);
  return done ? sync_directory(to) : std::move(done);
}

}  // namespace

Result<void> Storage::backup(std::string_view prefix, const std::string& directory) {
  std::error_code failed;
  if (std::filesystem::exists(directory, failed) && !std::filesystem::is_empty(directory, failed)) {
    return Error::invalid("back up to " + directory + ": the directory is not empty");
  }
  if (failed) return system_error(failed.value(), "back up to " + directory);
  if (auto ok = make_directories(directory); !ok) return ok;
  auto names = list(prefix);
  if (!names) return std::move(names).error();
  return backup_all(*names, directory);
}

Result<void> Storage::backup_all(const std::vector<std::string>& names, const std::string& directory) {
  for (const std::string& name : names) {
    if (auto ok = check_env_name(name); !ok) return ok;
    auto ok = backup_one(name, directory + "/" + name);
    // Removed, or rotated away, since it was listed.
    if (!ok && ok.error().code() == TARSIER_NOT_FOUND) continue;
    if (!ok) return std::move(ok).error().in("back up environment " + name);
  }
  return {};
}

/// A sealed one is not opened, so that a damaged one is copied, too, as it is.
Result<void> Storage::backup_one(const std::string& name, const std::string& directory) {
  const std::string from = dir_->env_dir(name);
  auto sealed = is_sealed(from);
  if (!sealed) return std::move(sealed).error();
  if (*sealed) {
    Result<void> done = make_directories(directory);
    if (done) done = copy_sealed(from, directory);
    if (done || file_exists(from + "/data.mdb")) return done;
    if (auto removed = remove_tree(directory); !removed) return removed;
    return Error{TARSIER_NOT_FOUND, "environment " + name + " was removed meanwhile"};
  }
  auto env = open_env(nullptr, name, {0U, TARSIER_DURABILITY_DEFAULT, 0});
  if (!env) return std::move(env).error();
  Result<void> done = make_directories(directory);
  if (done) done = copy_active(*env, directory);
  close_env(*env);
  return done;
}

Result<std::string> Storage::snapshot(std::string_view name, const std::vector<std::string>& environments) {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos)
    return Error::invalid("snapshot \"" + std::string(name) + "\": a name has no slash and does not begin with a dot");
  const std::string all = dir_->path() + "/" + std::string(kSnapshots), made = all + "/" + std::string(name);
  if (std::error_code unknown; std::filesystem::exists(made, unknown)) return Error::invalid("snapshot " + made + ": it exists");
  // Made under a temporary name, which a start removes.
  const std::string temporary = dir_->path() + "/" + std::string(kSnapshotPrefix) + std::string(name);
  Result<void> done = make_directories(temporary);
  if (done) done = backup_all(environments, temporary);
  if (done) done = make_directories(all);
  if (done) done = rename_file(temporary, made);
  if (done) done = sync_directory(all);
  if (!done) {
    for (const std::string* left : {&temporary, &made}) {
      if (auto removed = remove_tree(*left); !removed) return std::move(done).error().in(removed.error().message());
    }
    return std::move(done).error().in("snapshot " + made);
  }
  std::error_code failed;
  std::string absolute = std::filesystem::absolute(made, failed).native();
  if (failed) return system_error(failed.value(), "find the path of " + made);
  return absolute;
}

}  // namespace tarsier::storage
