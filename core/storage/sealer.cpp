#include "core/storage/sealer.hpp"

#include <cerrno>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#include "core/storage/env_name.hpp"
#include "core/storage/files.hpp"
#include "core/storage/lmdb_error.hpp"
#include "core/storage/sealed_note.hpp"
#include "core/storage/storage.hpp"

using tarsier::Error;
using tarsier::Result;
using tarsier::storage::LmdbFile;

namespace {

constexpr uint64_t kTxnBytes = 32U << 20U;
constexpr uint64_t kBudgetStep = 1U << 20U;
constexpr uint64_t kSmallestFreeSpace = 256U << 10U;

}  // namespace

tarsier_sealer::tarsier_sealer(tarsier::storage::Storage& storage, tarsier::host::Owner* owner, std::string name,
                               std::string temporary_dir)
    : storage_(storage), owner_(owner), name_(std::move(name)), dir_(std::move(temporary_dir)) {}

Result<tarsier_sealer*> tarsier_sealer::begin(tarsier::storage::Storage& storage, tarsier::host::Owner* owner, std::string name,
                                              std::string temporary_dir) {
  std::unique_ptr<tarsier_sealer> sealer(new tarsier_sealer(storage, owner, std::move(name), std::move(temporary_dir)));
  if (auto ok = tarsier::storage::make_directories(sealer->dir_); !ok) return std::move(ok).error();
  auto file = LmdbFile::open(sealer->dir_, LmdbFile::Mode::kBuild, storage.shared().options.map_bytes);
  if (!file) return std::move(file).error();
  sealer->file_ = std::move(*file);
  return sealer.release();
}

tarsier_sealer::~tarsier_sealer() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  file_.reset();
  // What cannot be removed now is removed by the next start.
  static_cast<void>(tarsier::storage::remove_tree(dir_).ok());
}

/// LMDB reports a write that was cut short, as a full disk does, as an I/O error.
Error tarsier_sealer::failure(int code) const {
  Error error = tarsier::storage::lmdb_error(code, "seal environment " + name_);
  const uint64_t needed = kSmallestFreeSpace + 2 * txn_bytes_;
  const bool full = error.code() == TARSIER_UNAVAILABLE && storage_.shared().budget.ask_free_bytes() < needed;
  return full ? Error(TARSIER_RESOURCE, error.message() + " (no space left on the device)") : error;
}

Result<void> tarsier_sealer::begin_txn() {
  if (txn_ != nullptr) return {};
  if (const int code = mdb_txn_begin(file_->env(), nullptr, 0, &txn_); code != 0) {
    return failure(code);
  }
  return {};
}

Result<void> tarsier_sealer::commit_txn() {
  if (txn_ == nullptr) return {};
  const int code = mdb_txn_commit(std::exchange(txn_, nullptr));
  if (code != 0) {
    file_->forget_new_tables();
    return failure(code);
  }
  txn_bytes_ = 0;
  file_->publish_tables();
  return {};
}

Result<void> tarsier_sealer::append(std::string_view table, std::string_view key, std::string_view value) {
  const auto& codec = tarsier::storage::checksum_codec();
  if (auto ok = tarsier::storage::check_table_name(table); !ok) return ok;
  if (key.empty() || key.size() > TARSIER_KEY_MAX) {
    return Error::invalid("key of " + std::to_string(key.size()) + " bytes: expected 1 to " + std::to_string(TARSIER_KEY_MAX));
  }
  const uint64_t bytes = key.size() + value.size() + codec.overhead();
  unchecked_bytes_ += bytes;
  if (unchecked_bytes_ >= kBudgetStep) {
    if (auto ok = storage_.shared().budget.admit(unchecked_bytes_); !ok)
      return std::move(ok).error().in("seal environment " + name_);
    unchecked_bytes_ = 0;
  }
  if (auto ok = begin_txn(); !ok) return ok;
  auto dbi = file_->create_table(txn_, table);
  if (!dbi) return std::move(dbi).error();
  MDB_val place{value.size() + codec.overhead(), nullptr};
  MDB_val wanted{key.size(), const_cast<char*>(key.data())};
  const int code = mdb_put(txn_, *dbi, &wanted, &place, MDB_APPEND | MDB_RESERVE);
  if (code == MDB_KEYEXIST)
    return Error::invalid("seal environment " + name_ + ": a key of table " + std::string(table) + " is not above the last one");
  if (code != 0) return failure(code);
  codec.pack(table, key, value, static_cast<char*>(place.mv_data));
  txn_bytes_ += bytes;
  return txn_bytes_ < kTxnBytes ? Result<void>() : commit_txn();
}

Result<void> tarsier_sealer::complete() {
  if (auto ok = commit_txn(); !ok) return ok;
  const std::string data_file = dir_ + "/data.mdb";
  if (::fsync(file_->data_fd()) != 0) return tarsier::storage::system_error(errno, "sync " + data_file);
  file_.reset();
  auto noted = tarsier::storage::write_sealed_note(dir_, data_file);
  if (!noted) return std::move(noted).error();
  return {};
}

Result<void> tarsier_sealer::place(const std::string& env_dir) {
  const std::string data_file = dir_ + "/data.mdb";
  if (auto ok = tarsier::storage::make_directories(env_dir); !ok) return ok;
  // The note first: without a data file a directory is no environment.
  if (auto ok = tarsier::storage::rename_file(dir_ + "/sealed", env_dir + "/sealed"); !ok) return ok;
  const std::string target = env_dir + "/data.mdb";
  if (::renameat2(AT_FDCWD, data_file.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    return tarsier::storage::system_error(errno, "rename " + data_file + " to " + target);
  }
  if (auto ok = tarsier::storage::sync_directory(env_dir); !ok) {
    // What is not sure to stay shall not be there. Should that fail, too, the caller finds it and may remove it.
    static_cast<void>(tarsier::storage::remove_file(target).ok());
    return ok;
  }
  storage_.shared().budget.add(static_cast<int64_t>(tarsier::storage::file_size(target)));
  return {};
}
