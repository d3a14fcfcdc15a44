#include "deletions.hpp"

#include <algorithm>
#include <array>

#include "bytes.hpp"
#include "partition.hpp"

namespace tarsier::samples {
namespace {

constexpr std::string_view kTable = "deletions";
constexpr std::array kTables = {kTable};
constexpr std::string_view kKeptName = "samples/deletions.kept";  // there while a damaged environment is replaced

using Key = std::array<uint8_t, 8>;

Key key_of(uint64_t number) {
  Key key{};
  put_be64(key.data(), number);
  return key;
}

}  // namespace

Deletions::Deletions(const Host& host, Damage& damage)
    : host_(host), damage_(damage), all_(std::make_shared<const std::vector<std::shared_ptr<const Deletion>>>()) {}

/// A deletion must not be forgotten when the power goes, so it does not wait for the next sync.
Result<void> Deletions::open_environment(uint32_t flags) {
  auto env = open_env(host_, kDeletionsName, flags, 0, TARSIER_DURABILITY_COMMIT);
  if (!env) return std::move(env).error().in("open " + std::string(kDeletionsName));
  env_ = std::move(*env);
  note_bytes();
  return {};
}

/// Adds to `records`. A salvaged environment may have several for one number, of which at most one still concerns anything; the
/// others do no harm and get numbers of their own.
Result<void> Deletions::read(const std::string& name, uint32_t flags, Records& records, Loss& loss, Env& env) {
  auto readable = Readable::open(host_, name, flags, kTables);
  if (!readable && readable.error().code() == TARSIER_NOT_FOUND) return {};
  if (!readable) return std::move(readable).error();
  const auto use = [&](std::string_view key, std::string_view value) -> Result<void> {
    if (key.size() != sizeof(Key)) return Error{TARSIER_CORRUPT, "a key is not the number of a deletion"};
    uint64_t number = get_be64(as_bytes(key).data());
    if (auto decoded = Deletion::decode(number, as_bytes(value)); !decoded) return std::move(decoded).error();
    const auto same = records.find(number);
    if (same != records.end() && same->second == value) return {};
    if (same != records.end()) number = std::max(last_number_, records.rbegin()->first) + 1;
    records.emplace(number, value);
    return {};
  };
  if (auto used = readable->each(kTable, use, loss); !used) return used;
  env = readable->take_env();
  return {};
}

Result<void> Deletions::open(uint64_t last_revision) {
  reserve_number(last_revision);
  Records records;
  Loss loss, loss_of_kept;
  Env kept;
  auto done = read(std::string(kKeptName), TARSIER_ENV_SEALED, records, loss_of_kept, kept);
  const bool interrupted = static_cast<bool>(kept);
  if (done) done = read(std::string(kDeletionsName), 0, records, loss, env_);
  if (!done) return std::move(done).error().in("read " + std::string(kDeletionsName));
  std::vector<std::shared_ptr<const Deletion>> found;
  for (const auto& [number, value] : records) {
    auto deletion = Deletion::decode(number, as_bytes(value));
    if (!deletion) return std::move(deletion).error().in(kDeletionsName);
    reserve_number(number);
    found.push_back(std::make_shared<const Deletion>(std::move(*deletion)));
  }
  set(std::move(found));
  env_.close();
  kept.close();
  if (loss.any()) damage_.note(std::string(kDeletionsName), loss, Damage::Effect::shows_deleted);
  if (loss_of_kept.any()) damage_.note(std::string(kKeptName), loss_of_kept, Damage::Effect::shows_deleted);
  if (loss.any() || interrupted) {
    auto rescued = rescue(records, interrupted);
    if (!rescued)
      host_.error("deletions that could be read hold until the next start, which tries again to keep them",
                  {field("error", rescued.error().message())});
  }
  auto opened = open_environment(0);
  if (!opened && opened.error().code() != TARSIER_NOT_FOUND && opened.error().code() != TARSIER_CORRUPT) return opened;
  return {};  // with a damaged one that could not be replaced no deletion is taken
}

/// At every step either the damaged environment is there, or what could be read of it.
Result<void> Deletions::rescue(const Records& records, bool kept) {
  std::vector<std::pair<Key, std::string_view>> entries;
  for (const auto& [number, value] : records) entries.emplace_back(key_of(number), value);
  if (!kept && !entries.empty()) {
    auto sealer = seal(host_, kKeptName);
    if (!sealer) return std::move(sealer).error();
    for (const auto& [key, value] : entries) {
      if (auto added = sealer->append(kTable, as_text(key), value); !added) return added;
    }
    if (auto finished = sealer->finish(); !finished) return finished;
  }
  auto aside = set_aside_env(host_, std::string(kDeletionsName));
  if (!aside && aside.error().code() != TARSIER_NOT_FOUND) return std::move(aside).error();
  if (entries.empty()) return {};
  if (auto opened = open_environment(TARSIER_ENV_CREATE); !opened) return opened;
  std::vector<tarsier_op> ops;
  for (const auto& [key, value] : entries) ops.push_back(put(kTable, as_text(key), value));
  if (auto written = env_.write_wait(ops); !written) return written;
  env_.close();
  return remove_env(host_, kKeptName);
}

void Deletions::note_bytes() {
  if (const auto stat = env_.stat()) file_bytes_ = stat->file_bytes;
}

void Deletions::set(std::vector<std::shared_ptr<const Deletion>> all) {
  auto list = std::make_shared<const std::vector<std::shared_ptr<const Deletion>>>(std::move(all));
  const std::scoped_lock lock(mutex_);
  all_ = std::move(list);
}

DeletionList Deletions::all() const {
  const std::scoped_lock lock(mutex_);
  return all_;
}

uint64_t Deletions::last_flush() const {
  uint64_t last = 0;
  for (const auto& deletion : *all()) last = std::max(last, deletion->flush());
  return last;
}

void Deletions::reserve_number(uint64_t number) { last_number_ = std::max(last_number_, number); }

Result<std::shared_ptr<const Deletion>> Deletions::add(Deletion draft) {
  if (!env_) {
    if (auto opened = open_environment(TARSIER_ENV_CREATE); !opened) return std::move(opened).error();
  }
  std::vector<uint8_t> value;
  draft.encode(value);
  reserve_number(draft.number());
  const Key key = key_of(draft.number());
  const tarsier_op op = put(kTable, as_text(key), as_text(value));
  if (auto written = env_.write_wait({&op, 1}); !written) return std::move(written).error().in("note a deletion");
  note_bytes();
  auto added = std::make_shared<const Deletion>(std::move(draft));
  auto list = *all();
  list.push_back(added);
  set(std::move(list));
  return added;
}

Result<void> Deletions::remove(const std::vector<std::shared_ptr<const Deletion>>& spent) {
  if (spent.empty()) return {};
  std::vector<Key> keys;
  for (const auto& deletion : spent) keys.push_back(key_of(deletion->number()));
  std::vector<tarsier_op> ops;
  for (const Key& key : keys) ops.push_back(erase(kTable, as_text(key)));
  if (auto written = env_.write_wait(ops); !written) return std::move(written).error().in("forget deletions that are done");
  auto list = *all();
  std::erase_if(list, [&](const auto& one) { return std::find(spent.begin(), spent.end(), one) != spent.end(); });
  set(std::move(list));
  return {};
}

}  // namespace tarsier::samples
