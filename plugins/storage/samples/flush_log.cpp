#include "flush_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tarsier::samples {
namespace {

constexpr std::string_view kInfo = "info";
enum Kind : uint8_t { kDelta = 1, kFull = 2 };

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
std::span<const uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

}  // namespace

Result<void> RecordWriter::append(std::vector<uint8_t>& record) {
  std::array<uint8_t, 4> key{};
  put_be32(key.data(), number_++);
  std::vector<uint8_t> packed;
  packer_.pack(record, packed);
  record.clear();
  return sealer_.append(table_, text_of(key), text_of(packed));
}

Result<void> each_record(const Snapshot& snapshot, std::string_view table,
                         const std::function<Result<void>(std::span<const uint8_t>)>& decode) {
  auto cursor = snapshot.cursor(table);
  if (!cursor && cursor.error().code() == TARSIER_NOT_FOUND) return {};
  if (!cursor) return std::move(cursor).error();
  Unpacker unpacker;
  std::vector<uint8_t> bytes;
  while (true) {
    auto entry = cursor->next();
    if (!entry && entry.error().code() == TARSIER_NOT_FOUND) return {};
    if (!entry) return std::move(entry).error();
    if (auto unpacked = unpacker.unpack(bytes_of(entry->value), bytes); !unpacked) return unpacked;
    if (Result<void> decoded = decode(bytes); !decoded) return decoded;
  }
}

bool FlushLog::parse_name(std::string_view name, uint64_t& flush) const {
  if (!name.starts_with(prefix_)) return false;
  name.remove_prefix(prefix_.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), flush);
  return error == std::errc() && end == name.data() + name.size();
}

Result<bool> FlushLog::is_full(uint64_t flush) const {
  auto env = open_env(host_, name_of(flush), TARSIER_ENV_SEALED);
  if (!env) return std::move(env).error();
  auto snapshot = env->read();
  if (!snapshot) return std::move(snapshot).error();
  auto value = snapshot->get(kInfo, kInfo);
  if (!value) return std::move(value).error();
  if (value->size() != 1) return Error{TARSIER_UNSUPPORTED, std::string(what_) + " of an unknown format"};
  return static_cast<uint8_t>(value->front()) == kFull;
}

Result<void> FlushLog::open(uint64_t first_unfinished) {
  flushes_.clear();
  full_ = 0;
  auto names = list_envs(host_, prefix_);
  if (!names) return std::move(names).error().in("list " + std::string(prefix_));
  for (const std::string& name : *names) {
    uint64_t flush = 0;
    if (!parse_name(name, flush)) continue;
    if (flush < first_unfinished) {
      flushes_.push_back(flush);
    } else if (auto removed = remove_env(host_, name); !removed) {
      return std::move(removed).error().in("remove unfinished " + name);
    }
  }
  std::sort(flushes_.begin(), flushes_.end());
  for (const uint64_t flush : flushes_) {
    auto full = is_full(flush);
    if (!full) return std::move(full).error().in("open " + name_of(flush));
    if (*full) full_ = flush;
  }
  return remove_superseded();
}

Result<void> FlushLog::each(const std::function<Result<void>(const Snapshot&)>& use) const {
  for (const uint64_t flush : flushes_) {
    const auto read = [&]() -> Result<void> {
      auto env = open_env(host_, name_of(flush), TARSIER_ENV_SEALED);
      if (!env) return std::move(env).error();
      auto snapshot = env->read();
      if (!snapshot) return std::move(snapshot).error();
      return use(*snapshot);
    };
    if (auto done = read(); !done) return std::move(done).error().in("read " + name_of(flush));
  }
  return {};
}

Result<void> FlushLog::write(uint64_t flush, bool full, const std::function<Result<void>(Sealer&)>& body) {
  auto sealer = seal(host_, name_of(flush));
  if (!sealer) return std::move(sealer).error().in("write " + name_of(flush));
  const uint8_t kind = full ? kFull : kDelta;
  auto done = body(*sealer);
  if (done) done = sealer->append(kInfo, kInfo, text_of({&kind, 1}));
  if (done) done = sealer->finish();
  if (!done) return std::move(done).error().in("write " + name_of(flush));
  pending_ = {flush, full};
  return {};
}

bool FlushLog::commit() noexcept {
  if (pending_.flush == 0) return false;
  flushes_.push_back(pending_.flush);
  if (pending_.full) full_ = pending_.flush;
  pending_ = {};
  return true;
}

void FlushLog::abandon() {
  const uint64_t flush = std::exchange(pending_, {}).flush;
  if (flush == 0) return;
  if (auto removed = remove_env(host_, name_of(flush)); !removed) {
    host_.warn("what an unfinished flush wrote could not be removed; the next start does it",
               {field("environment", name_of(flush)), field("error", removed.error().message())});
  }
}

Result<void> FlushLog::remove_superseded() {
  while (!flushes_.empty() && flushes_.front() < full_) {
    const std::string name = name_of(flushes_.front());
    if (auto removed = remove_env(host_, name); !removed && removed.error().code() != TARSIER_NOT_FOUND) {
      return std::move(removed).error().in("remove " + name);
    }
    flushes_.erase(flushes_.begin());
  }
  return {};
}

}  // namespace tarsier::samples
