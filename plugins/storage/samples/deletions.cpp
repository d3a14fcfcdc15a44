#include "deletions.hpp"

#include <algorithm>
#include <array>

#include "bytes.hpp"
#include "partition.hpp"

namespace tarsier::samples {
namespace {

constexpr std::string_view kTable = "deletions";

using Key = std::array<uint8_t, 8>;

Key key_of(uint64_t number) {
  Key key{};
  put_be64(key.data(), number);
  return key;
}

}  // namespace

Deletions::Deletions(const Host& host)
    : host_(host), all_(std::make_shared<const std::vector<std::shared_ptr<const Deletion>>>()) {}

/// A deletion must not be forgotten when the power goes, so it does not wait for the next sync.
Result<void> Deletions::open_environment(uint32_t flags) {
  auto env = open_env(host_, kDeletionsName, flags, 0, TARSIER_DURABILITY_COMMIT);
  if (!env) return std::move(env).error().in("open " + std::string(kDeletionsName));
  env_ = std::move(*env);
  return {};
}

Result<void> Deletions::open() {
  if (auto opened = open_environment(0); !opened) {
    return opened.error().code() == TARSIER_NOT_FOUND ? Result<void>() : std::move(opened);
  }
  auto snapshot = env_.read();
  if (!snapshot) return std::move(snapshot).error().in("read " + std::string(kDeletionsName));
  auto cursor = snapshot->cursor(kTable);
  if (!cursor) return std::move(cursor).error().in("read " + std::string(kDeletionsName));
  std::vector<std::shared_ptr<const Deletion>> found;
  while (true) {
    auto entry = cursor->next();
    if (!entry && entry.error().code() == TARSIER_NOT_FOUND) break;
    if (!entry) return std::move(entry).error().in("read " + std::string(kDeletionsName));
    if (entry->key.size() != sizeof(Key))
      return Error{TARSIER_CORRUPT, std::string(kDeletionsName) + ": a key is not the number of a deletion"};
    auto deletion = Deletion::decode(get_be64(as_bytes(entry->key).data()), as_bytes(entry->value));
    if (!deletion) return std::move(deletion).error().in(kDeletionsName);
    reserve_number(deletion->number());
    found.push_back(std::make_shared<const Deletion>(std::move(*deletion)));
  }
  set(std::move(found));
  return {};
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

Result<std::shared_ptr<const Deletion>> Deletions::add(uint64_t flush, int64_t start, int64_t end,
                                                       std::vector<Condition> conditions) {
  auto made = Deletion::make(last_number_ + 1, flush, start, end, std::move(conditions));
  if (!made) return std::move(made).error();
  if (!env_) {
    if (auto opened = open_environment(TARSIER_ENV_CREATE); !opened) return std::move(opened).error();
  }
  std::vector<uint8_t> value;
  made->encode(value);
  const Key key = key_of(++last_number_);
  const tarsier_op op = put(kTable, as_text(key), as_text(value));
  if (auto written = env_.write_wait({&op, 1}); !written) return std::move(written).error().in("note a deletion");
  auto added = std::make_shared<const Deletion>(std::move(*made));
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
