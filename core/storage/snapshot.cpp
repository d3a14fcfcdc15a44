#include "core/storage/snapshot.hpp"

#include <algorithm>
#include <lmdb.h>

#include "core/storage/environment.hpp"
#include "core/storage/lmdb_error.hpp"

namespace tarsier::storage {
namespace {

std::string_view view_of(const MDB_val& value) noexcept { return {static_cast<const char*>(value.mv_data), value.mv_size}; }
MDB_val val_of(std::string_view text) noexcept { return {text.size(), const_cast<char*>(text.data())}; }

Error no_key(std::string_view environment, std::string_view table, std::string_view key) {
  return Error::not_found("environment " + std::string(environment) + ": table " + std::string(table) + " has no key " +
                          to_hex(key));
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

Error corrupt_value(std::string_view environment, std::string_view table, std::string_view key) {
  return {TARSIER_CORRUPT, "environment " + std::string(environment) + ": table " + std::string(table) + ": the value of key " +
                               to_hex(key) + " does not match its checksum"};
}

}  // namespace tarsier::storage

using tarsier::Error;
using tarsier::Result;
using tarsier::storage::checksum_codec;
using tarsier::storage::Entry;
using tarsier::storage::lmdb_error;

Result<tarsier_snapshot*> tarsier_snapshot::begin(tarsier_env* handle, std::shared_ptr<tarsier::storage::Environment> environment) {
  auto* snapshot = new tarsier_snapshot();
  snapshot->handle_ = handle;
  snapshot->environment_ = std::move(environment);
  snapshot->began_ = std::chrono::steady_clock::now();
  auto file = snapshot->environment_->enter(snapshot);
  if (!file) {
    delete snapshot;
    return std::move(file).error();
  }
  snapshot->file_ = std::move(*file);
  auto txn = snapshot->file_->begin_read();
  if (!txn) {
    snapshot->environment_->leave(snapshot);
    Error error = snapshot->environment_->reason_of(std::move(txn).error()).in("environment " + snapshot->environment_name());
    delete snapshot;
    return error;
  }
  snapshot->txn_ = *txn;
  return snapshot;
}

void tarsier_snapshot::end(tarsier_snapshot* snapshot) {
  snapshot->cursors_.clear();
  snapshot->file_->end_read(snapshot->txn_);
  snapshot->environment_->leave(snapshot);
  delete snapshot;
}

const std::string& tarsier_snapshot::environment_name() const noexcept { return environment_->name(); }

Result<std::string_view> tarsier_snapshot::get(std::string_view table, std::string_view key) {
  const auto dbi = file_->find_table(table);
  if (!dbi || key.empty() || key.size() > TARSIER_KEY_MAX) return tarsier::storage::no_key(environment_name(), table, key);
  MDB_val wanted = tarsier::storage::val_of(key);
  MDB_val stored{};
  const int code = mdb_get(txn_, *dbi, &wanted, &stored);
  // A table made after this snapshot began is not known to it.
  if (code == MDB_NOTFOUND || code == MDB_BAD_DBI || code == EINVAL)
    return tarsier::storage::no_key(environment_name(), table, key);
  if (code != 0) return lmdb_error(code, "environment " + environment_name() + ": read table " + std::string(table));
  std::string_view value;
  if (!checksum_codec().unpack(table, key, tarsier::storage::view_of(stored), value, unpacked_)) {
    return tarsier::storage::corrupt_value(environment_name(), table, key);
  }
  return value;
}

Result<tarsier_cursor*> tarsier_snapshot::open_cursor(std::string_view table) {
  MDB_cursor* cursor = nullptr;
  if (const auto dbi = file_->find_table(table)) {
    const int code = mdb_cursor_open(txn_, *dbi, &cursor);
    if (code == MDB_NOTFOUND || code == MDB_BAD_DBI || code == EINVAL) {
      cursor = nullptr;
    } else if (code != 0) {
      return lmdb_error(code, "environment " + environment_name() + ": open a cursor on table " + std::string(table));
    }
  }
  cursors_.push_back(std::make_unique<tarsier_cursor>(*this, table, cursor));
  return cursors_.back().get();
}

void tarsier_snapshot::close_cursor(tarsier_cursor* cursor) {
  cursors_.remove_if([cursor](const auto& mine) { return mine.get() == cursor; });
}

tarsier_cursor::~tarsier_cursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

Result<void> tarsier_cursor::move(int operation, std::string_view at, Place when_none, Entry& entry) {
  entry = {};
  MDB_val key = tarsier::storage::val_of(at);
  MDB_val stored{};
  const int code =
      cursor_ == nullptr ? MDB_NOTFOUND : mdb_cursor_get(cursor_, &key, &stored, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) {
    place_ = when_none;
    return Error::not_found("no more keys");
  }
  if (code != 0) return lmdb_error(code, "environment " + snapshot_.environment_name() + ": walk table " + table_);
  place_ = Place::kOnEntry;
  entry.key = tarsier::storage::view_of(key);
  if (!checksum_codec().unpack(table_, entry.key, tarsier::storage::view_of(stored), entry.value, snapshot_.unpacked())) {
    entry.value = {};
    return tarsier::storage::corrupt_value(snapshot_.environment_name(), table_, entry.key);
  }
  return {};
}

Result<void> tarsier_cursor::seek(std::string_view at, Entry& entry) {
  if (at.empty()) return move(MDB_FIRST, {}, Place::kAfterLast, entry);
  if (at.size() <= TARSIER_KEY_MAX) return move(MDB_SET_RANGE, at, Place::kAfterLast, entry);
  // No stored key is so long: the first one above its first 511 bytes, unless it equals them, is the answer.
  const std::string_view head = at.substr(0, TARSIER_KEY_MAX);
  auto found = move(MDB_SET_RANGE, head, Place::kAfterLast, entry);
  return place_ == Place::kOnEntry && entry.key == head ? next(entry) : std::move(found);
}

Result<void> tarsier_cursor::last(Entry& entry) { return move(MDB_LAST, {}, Place::kBeforeFirst, entry); }

Result<void> tarsier_cursor::next(Entry& entry) {
  switch (place_) {
    case Place::kBeforeFirst:
      return move(MDB_FIRST, {}, Place::kAfterLast, entry);
    case Place::kOnEntry:
      return move(MDB_NEXT, {}, Place::kAfterLast, entry);
    case Place::kAfterLast:
      break;
  }
  entry = {};
  return Error::not_found("no more keys");
}

Result<void> tarsier_cursor::previous(Entry& entry) {
  switch (place_) {
    case Place::kAfterLast:
      return move(MDB_LAST, {}, Place::kBeforeFirst, entry);
    case Place::kOnEntry:
      return move(MDB_PREV, {}, Place::kBeforeFirst, entry);
    case Place::kBeforeFirst:
      break;
  }
  entry = {};
  return Error::not_found("no more keys");
}
