#include "journal.hpp"

#include <array>
#include <charconv>

#include "bytes.hpp"

namespace tarsier::samples {
namespace {

constexpr std::string_view kSamplesTable = "samples";
constexpr std::string_view kSeriesTable = "series";
constexpr std::string_view kMetadataTable = "metadata";
constexpr std::string_view kExemplarsTable = "exemplars";
constexpr std::string_view kStateTable = "state";
constexpr std::string_view kFinishedKey = "finished";
constexpr std::array kTables = {kSamplesTable, kSeriesTable, kMetadataTable, kExemplarsTable};

std::string_view as_text(const std::vector<uint8_t>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
std::span<const uint8_t> as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string journal_name(uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(kJournalPrefix) + std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0') + digits;
}

/// Writes an entry as operations; the key and the entry live longer than the call that uses them.
class Transaction {
 public:
  Transaction(const JournalEntry& entry, uint64_t sequence) {
    put_be64(key_.data(), sequence);
    const std::string_view key(reinterpret_cast<const char*>(key_.data()), key_.size());
    add(kSeriesTable, key, entry.series);
    add(kMetadataTable, key, entry.metadata);
    add(kExemplarsTable, key, entry.exemplars);
    add(kSamplesTable, key, entry.samples);
  }
  std::span<const tarsier_op> ops() const { return {ops_.data(), count_}; }

 private:
  void add(std::string_view table, std::string_view key, const std::vector<uint8_t>& value) {
    if (!value.empty()) ops_[count_++] = append(table, key, as_text(value));
  }
  std::array<uint8_t, 8> key_{};
  std::array<tarsier_op, 4> ops_{};
  size_t count_ = 0;
};

}  // namespace

Journal::~Journal() { await_idle(); }

void Journal::await_idle() {
  std::unique_lock lock(state_mutex_);
  if (in_flight_ == 0) return;
  lock.unlock();
  (void)active_.sync();  // so that what nobody waited for is committed now; each entry is told itself what becomes of it
  lock.lock();
  idle_.wait(lock, [&] { return in_flight_ == 0; });
}

Result<void> Journal::open(uint64_t last_flush) {
  if (auto listed = list_rotated(); !listed) return listed;
  if (auto opened = open_active(last_flush); !opened) return opened;
  auto finished = finished_number();
  if (!finished) return std::move(finished).error();
  last_finished_ = *finished;
  if (auto looked = look_at_finished(); !looked) return looked;
  if (auto removed = remove_finished(); !removed) return removed;
  return open_rotated();
}

Result<void> Journal::list_rotated() {
  auto names = list_envs(host_, kJournalPrefix);
  if (!names) return std::move(names).error().in("list journals");
  for (const std::string& name : *names) {
    uint64_t number = 0;
    const char* begin = name.data() + kJournalPrefix.size();
    const auto [end, error] = std::from_chars(begin, name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) rotated_.push_back(number);
  }
  std::sort(rotated_.begin(), rotated_.end());
  return {};
}

Result<void> Journal::open_active(uint64_t last_flush) {
  auto env = open_env(host_, kActiveName, TARSIER_ENV_CREATE);
  if (!env && env.error().code() == TARSIER_CORRUPT) {
    const uint64_t number = std::max(last_flush, rotated_.empty() ? 0 : rotated_.back()) + 1;
    if (auto renamed = rename_env(host_, kActiveName, journal_name(number)); !renamed)
      return std::move(renamed).error().in("set " + std::string(kActiveName) + " aside: " + env.error().message());
    rotated_.push_back(number);
    env = open_env(host_, kActiveName, TARSIER_ENV_CREATE);
  }
  if (!env) return std::move(env).error();
  active_ = std::move(*env);
  return {};
}

/// Without the number more is replayed than need be, and what was made of it is removed before.
Result<uint64_t> Journal::finished_number() {
  auto snapshot = active_.read();
  if (!snapshot) return std::move(snapshot).error();
  auto value = snapshot->get(kStateTable, kFinishedKey);
  if (!value && value.error().code() == TARSIER_NOT_FOUND) return uint64_t{0};
  if (value && value->size() == 8) return get_be64(as_bytes(*value).data());
  if (!value && value.error().code() != TARSIER_CORRUPT) return std::move(value).error();
  Loss loss;
  loss.add(value ? Error{TARSIER_CORRUPT, "the number of the finished journal has a wrong size"} : value.error());
  if (damaged_.insert(kActiveNumber).second) damage_.note(std::string(kActiveName), loss, Damage::Effect::none);
  return uint64_t{0};
}

/// A crash came between the end of a flush and the removal of its journal: whether it is damaged is not known any more.
Result<void> Journal::look_at_finished() {
  for (const uint64_t number : rotated_) {
    if (number > last_finished_) break;
    tarsier_error error = empty_error();
    const std::string name = journal_name(number);
    const tarsier_status status = host_.storage->verify(host_.raw(), str(name), nullptr, nullptr, &error);
    if (status == TARSIER_CORRUPT) damaged_.insert(number);
  }
  return {};
}

Result<void> Journal::retire(uint64_t number) {
  const std::string name = journal_name(number);
  if (damaged_.contains(number)) {
    auto aside = set_aside_env(host_, name);
    if (!aside) return std::move(aside).error().in("set " + name + " aside");
    damaged_.erase(number);
    host_.warn("a damaged journal of which all that can be read is stored elsewhere was set aside", {field("environment", *aside)});
  } else if (auto removed = remove_env(host_, name); !removed && removed.error().code() != TARSIER_NOT_FOUND) {
    return std::move(removed).error().in("remove " + name);
  }
  const std::scoped_lock lock(state_mutex_);
  rotated_bytes_.erase(number);
  return {};
}

/// Of several journals none may go while a power cut could still take the note back: the others would be replayed without it.
Result<void> Journal::remove_finished() {
  if (rotated_.size() > 1 && rotated_[1] <= last_finished_) {
    if (auto safe = active_.sync(); !safe) return std::move(safe).error().in("remove journals");
  }
  while (!rotated_.empty() && rotated_.front() <= last_finished_) {
    if (auto retired = retire(rotated_.front()); !retired) return retired;
    rotated_.erase(rotated_.begin());
  }
  return {};
}

Result<void> Journal::open_rotated() {
  for (const uint64_t number : rotated_) {
    auto readable = Readable::open(host_, journal_name(number), TARSIER_ENV_SEALED, kTables);
    if (!readable) return std::move(readable).error();
    rotated_bytes_[number] = readable->file_bytes();
    to_replay_.push_back(std::move(*readable));
  }
  return {};
}

/// Tables are replayed side by side.
void Journal::note_loss(uint64_t number, const Loss& loss) {
  if (!loss.any()) return;
  {
    const std::scoped_lock lock(state_mutex_);
    damaged_.insert(number);
  }
  damage_.note(number == kActiveNumber ? std::string(kActiveName) : journal_name(number), loss, Damage::Effect::lacks_samples);
}

Result<void> Journal::replay_table(std::string_view table, Decode decode, JournalVisitor& visitor) {
  const auto replay = [&](const Readable& from, uint64_t number) -> Result<void> {
    const auto use = [&](std::string_view key, std::string_view value) -> Result<void> {
      if (key.size() != 8)
        return Error{TARSIER_CORRUPT, "journal table " + std::string(table) + ": a key is not a sequence number"};
      bytes_.fetch_add(value.size(), std::memory_order_relaxed);
      {
        const std::scoped_lock lock(state_mutex_);
        next_sequence_ = std::max(next_sequence_, get_be64(as_bytes(key).data()) + 1);
      }
      return decode(as_bytes(value), visitor);
    };
    Loss loss;
    if (auto read = from.each(table, use, loss); !read) return read;
    if (loss.any() && table == kSeriesTable) lost_definitions_ = true;
    note_loss(number, loss);
    return {};
  };
  for (size_t i = 0; i < to_replay_.size(); ++i) {
    if (auto replayed = replay(to_replay_[i], rotated_[i]); !replayed)
      return std::move(replayed).error().in(journal_name(rotated_[i]));
  }
  if (auto replayed = replay(Readable::of(active_), kActiveNumber); !replayed) return std::move(replayed).error().in(kActiveName);
  return {};
}

/// Series of every journal before metadata of any: they do not depend on one another.
Result<void> Journal::replay_definitions(JournalVisitor& visitor) {
  const Decode decode_exemplar_record = [](std::span<const uint8_t> bytes, JournalVisitor& to) {
    return decode_exemplars(bytes, [&to](std::string_view of, const Exemplar& exemplar) { to.exemplar(of, exemplar); });
  };
  if (auto series = replay_table(kSeriesTable, decode_series, visitor); !series) return series;
  if (auto metadata = replay_table(kMetadataTable, decode_metadata, visitor); !metadata) return metadata;
  return replay_table(kExemplarsTable, decode_exemplar_record, visitor);
}

Result<void> Journal::replay_samples(JournalVisitor& visitor) { return replay_table(kSamplesTable, decode_samples, visitor); }

void Journal::end_replay() {
  to_replay_.clear();
  const std::scoped_lock lock(state_mutex_);
  committed_ = next_sequence_ - 1;
}

/// The samples are in one of those that were replayed, whichever it is.
void Journal::note_undefined(uint64_t samples) {
  Loss loss;
  loss.add({TARSIER_CORRUPT, std::to_string(samples) + " samples are of series that nothing defines"});
  damaged_.insert(rotated_.begin(), rotated_.end());
  damaged_.insert(kActiveNumber);
  damage_.note("samples/journal", loss, Damage::Effect::lacks_samples);
}

uint64_t Journal::committed() const {
  const std::scoped_lock lock(state_mutex_);
  return committed_;
}

std::vector<uint64_t> Journal::take_failed() {
  const std::scoped_lock lock(state_mutex_);
  return std::exchange(failed_, {});
}

bool Journal::failing() const {
  const std::scoped_lock lock(state_mutex_);
  return failing_;
}

void Journal::completed(const Result<void>& outcome, uint64_t sequence) {
  failing_ = !outcome.ok();
  committed_ = std::max(committed_, sequence);
}

Result<void> Journal::write(const JournalEntry& entry, Done done, bool unhurried) {
  const uint64_t sequence = next_sequence_++;
  bytes_.fetch_add(entry.bytes(), std::memory_order_relaxed);
  const Transaction transaction(entry, sequence);
  {
    const std::scoped_lock lock(state_mutex_);
    ++in_flight_;
  }
  const auto committed = [this, sequence, done = std::move(done)](Result<void> outcome, uint64_t) {
    {
      const std::scoped_lock lock(state_mutex_);
      if (!outcome.ok()) failed_.push_back(sequence);
      completed(outcome, sequence);
    }
    done(std::move(outcome));
    const std::scoped_lock lock(state_mutex_);
    if (--in_flight_ == 0) idle_.notify_all();
  };
  auto accepted = unhurried ? active_.write_unhurried(transaction.ops(), committed) : active_.write(transaction.ops(), committed);
  if (!accepted) {
    const std::scoped_lock lock(state_mutex_);
    if (accepted.error().code() != TARSIER_AGAIN) failing_ = true;
    if (--in_flight_ == 0) idle_.notify_all();
  }
  return accepted;
}

Result<void> Journal::write_wait(const JournalEntry& entry) {
  const uint64_t sequence = next_sequence_++;
  bytes_.fetch_add(entry.bytes(), std::memory_order_relaxed);
  auto written = active_.write_wait(Transaction(entry, sequence).ops());
  const std::scoped_lock lock(state_mutex_);
  completed(written, sequence);
  return written;
}

void Journal::note_rotated(uint64_t number, uint64_t file_bytes) {
  rotated_.push_back(number);
  const std::scoped_lock lock(state_mutex_);
  rotated_bytes_[number] = file_bytes;
  if (damaged_.erase(kActiveNumber) != 0) damaged_.insert(number);
}

Result<uint64_t> Journal::size_of_rotated(uint64_t number) const {
  auto env = open_env(host_, journal_name(number), TARSIER_ENV_SEALED);
  if (!env) return std::move(env).error();
  auto stat = env->stat();
  if (!stat) return std::move(stat).error();
  return stat->file_bytes;
}

Result<uint64_t> Journal::rotate(uint64_t number) {
  if (rotation_failed_) {
    auto size = size_of_rotated(number);
    if (size) note_rotated(number++, *size);
    if (!size && size.error().code() != TARSIER_NOT_FOUND) return std::move(size).error().in("look at " + journal_name(number));
  }
  await_idle();
  const uint64_t entries = bytes_;
  auto rotated = active_.rotate(journal_name(number));
  rotation_failed_ = !rotated;
  if (!rotated) return std::move(rotated).error().in("rotate " + std::string(kActiveName) + " to " + journal_name(number));
  bytes_ = 0;
  const auto size = size_of_rotated(number);
  note_rotated(number, size ? *size : entries);
  return number;
}

Result<void> Journal::note_finished(uint64_t number) {
  std::array<uint8_t, 8> value{};
  put_be64(value.data(), number);
  const tarsier_op op = put(kStateTable, kFinishedKey, {reinterpret_cast<const char*>(value.data()), value.size()});
  if (auto noted = active_.write_wait({&op, 1}); !noted)
    return std::move(noted).error().in("note journal " + std::to_string(number));
  last_finished_ = number;
  return {};
}

Result<uint64_t> Journal::file_bytes() const {
  auto stat = active_.stat();
  if (!stat) return std::move(stat).error();
  uint64_t bytes = stat->file_bytes;
  const std::scoped_lock lock(state_mutex_);
  for (const auto& [number, of_one] : rotated_bytes_) bytes += of_one;
  return bytes;
}

}  // namespace tarsier::samples
