#include "flush_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sealed_file.hpp"

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

Result<void> each_record(const Readable& readable, std::string_view table,
                         const std::function<Result<void>(std::span<const uint8_t>)>& decode, Loss& loss) {
  Unpacker unpacker;
  std::vector<uint8_t> bytes;
  const auto use = [&](std::string_view, std::string_view value) -> Result<void> {
    if (auto unpacked = unpacker.unpack(bytes_of(value), bytes); !unpacked) return unpacked;
    return decode(bytes);
  };
  return readable.each(table, use, loss);
}

bool FlushLog::parse_name(std::string_view name, uint64_t& flush) const {
  if (!name.starts_with(prefix_)) return false;
  name.remove_prefix(prefix_.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), flush);
  return error == std::errc() && end == name.data() + name.size();
}

/// What is damaged is loaded beside the others: then it is of no importance whether it was full.
Result<bool> FlushLog::is_full(uint64_t flush) {
  auto env = open_env(host_, name_of(flush), TARSIER_ENV_SEALED);
  if (!env) return std::move(env).error();
  auto stat = env->stat();
  if (!stat) return std::move(stat).error();
  note_bytes(flush, stat->file_bytes);
  auto snapshot = env->read();
  if (!snapshot) return std::move(snapshot).error();
  auto value = snapshot->get(kInfo, kInfo);
  if (!value) return std::move(value).error();
  if (value->size() != 1) return Error{TARSIER_UNSUPPORTED, std::string(what_) + " of an unknown format"};
  return static_cast<uint8_t>(value->front()) == kFull;
}

Result<void> FlushLog::open() {
  flushes_.clear();
  damaged_.clear();
  full_ = 0;
  auto names = list_envs(host_, prefix_);
  if (!names) return std::move(names).error().in("list " + std::string(prefix_));
  for (const std::string& name : *names) {
    uint64_t flush = 0;
    if (parse_name(name, flush)) flushes_.push_back(flush);
  }
  std::sort(flushes_.begin(), flushes_.end());
  for (const uint64_t flush : flushes_) {
    auto full = is_full(flush);
    const bool damaged = !full && (full.error().code() == TARSIER_CORRUPT || full.error().code() == TARSIER_INVALID);
    if (!full && !damaged) return std::move(full).error().in("open " + name_of(flush));
    if (damaged) damaged_.emplace(flush, full.error().message());
    if (full && *full) full_ = flush;
  }
  return remove_superseded();
}

Result<void> FlushLog::each(std::span<const std::string_view> tables, Damage::Effect effect,
                            const std::function<Result<void>(const Readable&, Loss&)>& use) {
  for (const uint64_t flush : flushes_) {
    const std::string name = name_of(flush);
    auto readable = Readable::open(host_, name, TARSIER_ENV_SEALED, tables);
    if (!readable) return std::move(readable).error().in("read " + name);
    Loss loss;
    if (auto used = use(*readable, loss); !used) return std::move(used).error().in("read " + name);
    if (const auto known = damaged_.find(flush); known != damaged_.end() && !loss.any()) loss.reason = known->second;
    if (!loss.any()) continue;
    damaged_.emplace(flush, loss.reason);
    damage_.note(name, loss, effect);
  }
  return {};
}

Result<void> FlushLog::set_aside_damaged() {
  while (!damaged_.empty()) {
    const uint64_t flush = damaged_.begin()->first;
    auto aside = set_aside_env(host_, name_of(flush));
    if (!aside) return std::move(aside).error().in("set " + name_of(flush) + " aside");
    damaged_.erase(flush);
    std::erase(flushes_, flush);
    forget(flush);
  }
  return {};
}

void FlushLog::note_bytes(uint64_t flush, uint64_t bytes) {
  forget(flush);
  bytes_[flush] = bytes;
  file_bytes_ += bytes;
}

void FlushLog::forget(uint64_t flush) {
  const auto known = bytes_.find(flush);
  if (known == bytes_.end()) return;
  file_bytes_ -= known->second;
  bytes_.erase(known);
}

Result<void> FlushLog::remove(uint64_t flush) {
  const std::string name = name_of(flush);
  if (auto removed = remove_env(host_, name); !removed && removed.error().code() != TARSIER_NOT_FOUND)
    return std::move(removed).error().in("remove " + name);
  forget(flush);
  return {};
}

Result<void> FlushLog::remove_all() {
  for (; !flushes_.empty(); flushes_.pop_back()) {
    if (auto removed = remove(flushes_.back()); !removed) return removed;
  }
  full_ = 0;
  return {};
}

Result<void> FlushLog::write(uint64_t flush, bool full, const std::function<Result<void>(Sealer&)>& body) {
  auto sealer = seal_anew(host_, name_of(flush));
  if (!sealer) return std::move(sealer).error().in("write " + name_of(flush));
  const uint8_t kind = full ? kFull : kDelta;
  auto done = body(*sealer);
  if (done) done = sealer->append(kInfo, kInfo, text_of({&kind, 1}));
  if (done) done = sealer->finish();
  if (!done) return std::move(done).error().in("write " + name_of(flush));
  pending_ = {flush, full};
  auto env = open_env(host_, name_of(flush), TARSIER_ENV_SEALED);
  auto stat = env ? env->stat() : Result<tarsier_env_stat>(std::move(env).error());
  if (!stat) return std::move(stat).error().in("open " + name_of(flush));
  note_bytes(flush, stat->file_bytes);
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
  forget(flush);
  if (auto removed = remove_env(host_, name_of(flush)); !removed) {
    host_.warn("what an unfinished flush wrote could not be removed; the next start does it",
               {field("environment", name_of(flush)), field("error", removed.error().message())});
  }
}

Result<void> FlushLog::remove_superseded() {
  while (!flushes_.empty() && flushes_.front() < full_) {
    if (auto removed = remove(flushes_.front()); !removed) return removed;
    flushes_.erase(flushes_.begin());
  }
  return {};
}

}  // namespace tarsier::samples
