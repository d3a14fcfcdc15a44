#include "core/storage/lmdb_file.hpp"

#include <lmdb.h>
#include <sys/stat.h>

#include "core/storage/env_name.hpp"
#include "core/storage/files.hpp"
#include "core/storage/lmdb_error.hpp"

namespace tarsier::storage {
namespace {

constexpr unsigned kMaxReaders = 1022;  // fills the pages of the lock file
constexpr size_t kMaxIdleReaders = 16;

unsigned flags_of(LmdbFile::Mode mode) noexcept {
  switch (mode) {
    case LmdbFile::Mode::kActive:
      return MDB_NOTLS;
    case LmdbFile::Mode::kSealed:
      return MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS;
    case LmdbFile::Mode::kBuild:
      return MDB_NOSYNC | MDB_NOLOCK | MDB_NOTLS;
  }
  return 0;
}

}  // namespace

Result<std::shared_ptr<LmdbFile>> LmdbFile::open(const std::string& dir, Mode mode, uint64_t map_bytes) {
  MDB_env* env = nullptr;
  if (const int code = mdb_env_create(&env); code != 0) return lmdb_error(code, "prepare " + dir);
  std::shared_ptr<LmdbFile> file(new LmdbFile(env));
  auto size = mode == Mode::kSealed ? size_of_file(dir + "/data.mdb") : Result<uint64_t>(map_bytes);
  if (!size) return std::move(size).error();
  mdb_env_set_maxdbs(env, kMaxTables);
  mdb_env_set_maxreaders(env, kMaxReaders);
  if (const int code = mdb_env_set_mapsize(env, *size); code != 0) return lmdb_error(code, "size the map of " + dir);
  if (const int code = mdb_env_open(env, dir.c_str(), flags_of(mode), 0640); code != 0) return lmdb_error(code, "open " + dir);
  MDB_envinfo info{};
  mdb_env_info(env, &info);
  file->map_bytes_ = info.me_mapsize;
  if (auto ok = file->open_tables(); !ok) return std::move(ok).error();
  return file;
}

LmdbFile::~LmdbFile() {
  for (MDB_txn* txn : idle_readers_) mdb_txn_abort(txn);
  mdb_env_close(env_);
}

int LmdbFile::data_fd() const noexcept {
  int fd = -1;
  mdb_env_get_fd(env_, &fd);
  return fd;
}

uint64_t LmdbFile::file_bytes() const {
  struct stat found{};
  return ::fstat(data_fd(), &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
}

uint64_t LmdbFile::last_txn() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_last_txnid;
}

Result<void> LmdbFile::open_tables() {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn); code != 0) return lmdb_error(code, "read the table names");
  MDB_dbi main = 0;
  MDB_cursor* cursor = nullptr;
  int code = mdb_dbi_open(txn, nullptr, 0, &main);
  if (code == 0) code = mdb_cursor_open(txn, main, &cursor);
  std::vector<std::string> names;
  MDB_val key{};
  MDB_val value{};
  while (code == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    names.emplace_back(static_cast<const char*>(key.mv_data), key.mv_size);
  }
  if (cursor != nullptr) mdb_cursor_close(cursor);
  if (code == MDB_NOTFOUND) code = 0;
  for (size_t i = 0; code == 0 && i < names.size(); ++i) {
    MDB_dbi table = 0;
    code = mdb_dbi_open(txn, names[i].c_str(), 0, &table);
    if (code == 0) tables_.emplace(names[i], table);
  }
  if (code != 0) {
    mdb_txn_abort(txn);
    return lmdb_error(code, "open the tables");
  }
  mdb_txn_commit(txn);  // keeps the handles of the tables
  return {};
}

std::optional<LmdbFile::Table> LmdbFile::find_table(std::string_view name) const {
  const std::shared_lock lock(tables_mutex_);
  const auto it = tables_.find(name);
  if (it == tables_.end()) return std::nullopt;
  return it->second;
}

std::vector<std::string> LmdbFile::table_names() const {
  const std::shared_lock lock(tables_mutex_);
  std::vector<std::string> names;
  names.reserve(tables_.size());
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

Result<LmdbFile::Table> LmdbFile::create_table(MDB_txn* txn, std::string_view name) {
  if (const auto known = find_table(name)) return *known;
  if (const auto it = new_tables_.find(name); it != new_tables_.end()) return it->second;
  Table table = 0;
  const std::string text(name);
  if (const int code = mdb_dbi_open(txn, text.c_str(), MDB_CREATE, &table); code != 0)
    return lmdb_error(code, "make table " + text);
  new_tables_.emplace(text, table);
  return table;
}

void LmdbFile::publish_tables() {
  if (new_tables_.empty()) return;
  const std::unique_lock lock(tables_mutex_);
  tables_.merge(new_tables_);
  new_tables_.clear();
}

void LmdbFile::forget_new_tables() { new_tables_.clear(); }

Result<MDB_txn*> LmdbFile::begin_read() {
  std::unique_lock lock(readers_mutex_);
  readers_changed_.wait(lock, [this] { return !growing_; });
  MDB_txn* txn = nullptr;
  int code = 0;
  if (!idle_readers_.empty()) {
    txn = idle_readers_.back();
    idle_readers_.pop_back();
    code = mdb_txn_renew(txn);
    if (code != 0) mdb_txn_abort(txn);
  } else {
    code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  }
  if (code != 0) return lmdb_error(code, "begin a read");
  ++open_readers_;
  return txn;
}

void LmdbFile::end_read(MDB_txn* txn) {
  const std::lock_guard lock(readers_mutex_);
  if (idle_readers_.size() < kMaxIdleReaders) {
    mdb_txn_reset(txn);
    idle_readers_.push_back(txn);
  } else {
    mdb_txn_abort(txn);
  }
  --open_readers_;
  if (growing_) readers_changed_.notify_all();
}

bool LmdbFile::grow_map(std::chrono::milliseconds patience) {
  std::unique_lock lock(readers_mutex_);
  growing_ = true;
  bool grown = readers_changed_.wait_for(lock, patience, [this] { return open_readers_ == 0; });
  if (grown) {
    const uint64_t wanted = map_bytes_.load() * 2;
    grown = mdb_env_set_mapsize(env_, wanted) == 0;
    if (grown) map_bytes_ = wanted;
  }
  growing_ = false;
  readers_changed_.notify_all();
  return grown;
}

LmdbFile::Usage LmdbFile::usage(MDB_txn* txn) const {
  Usage usage;
  MDB_stat stat{};
  const auto add = [&](Table table) {
    if (mdb_stat(txn, table, &stat) != 0) return;
    usage.bytes += (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
    usage.entries += stat.ms_entries;
  };
  const std::shared_lock lock(tables_mutex_);
  for (const auto& [name, table] : tables_) add(table);
  for (const auto& [name, table] : new_tables_) add(table);
  return usage;
}

}  // namespace tarsier::storage
