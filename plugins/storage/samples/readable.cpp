#include "readable.hpp"

namespace tarsier::samples {
namespace {

constexpr std::string_view kPrefix = "samples/";
constexpr int kMostCopies = 1000;  // of one name that are set aside

/// What is said of one that was never sealed: a damaged active file that was renamed is read as a sealed one.
bool is_damage(const Error& error) { return error.code() == TARSIER_CORRUPT || error.code() == TARSIER_INVALID; }

}  // namespace

std::string Loss::text() const {
  return (records == 0 ? "an unknown number of records is"
                       : std::to_string(records) + (records == 1 ? " record is" : " records are")) +
         " lost: " + reason;
}

Result<Readable> Readable::open(const Host& host, const std::string& name, uint32_t flags,
                                std::span<const std::string_view> tables) {
  Readable readable;
  const auto open_and_look = [&]() -> Result<void> {
    auto env = open_env(host, name, flags);
    if (!env) return std::move(env).error();
    auto stat = env->stat();
    if (!stat) return std::move(stat).error();
    auto snapshot = env->read();  // looks at the tree
    if (!snapshot) return std::move(snapshot).error();
    readable.file_bytes_ = stat->file_bytes;
    readable.env_ = std::move(*env);
    return {};
  };
  auto opened = open_and_look();
  if (opened) return readable;
  if (!is_damage(opened.error())) return std::move(opened).error();
  readable.closed_by_ = opened.error().message();
  auto done = salvage_env(host, name, tables, [&](std::string_view table, std::string_view key, std::string_view value) {
    readable.salvaged_[std::string(table)].emplace(key, value);
  });
  if (!done) return std::move(done).error().in(opened.error().message());
  return readable;
}

Result<void> Readable::each(std::string_view table, const Use& use, Loss& loss) const {
  return env() != nullptr ? each_opened(table, use, loss) : each_salvaged(table, use, loss);
}

Result<void> Readable::each_opened(std::string_view table, const Use& use, Loss& loss) const {
  auto snapshot = env()->read();
  if (!snapshot) return std::move(snapshot).error();
  auto cursor = snapshot->cursor(table);
  if (!cursor && cursor.error().code() == TARSIER_NOT_FOUND) return {};
  if (!cursor) return std::move(cursor).error();
  while (true) {
    auto entry = cursor->next();
    if (!entry && entry.error().code() == TARSIER_NOT_FOUND) return {};
    if (!entry && entry.error().code() != TARSIER_CORRUPT) return std::move(entry).error().in("table " + std::string(table));
    auto used = entry ? use(entry->key, entry->value) : Result<void>(std::move(entry).error());
    if (used) continue;
    if (used.error().code() != TARSIER_CORRUPT) return used;
    loss.add(used.error());
    if (!cursor->stands()) return {};  // not a value is damaged, but the walk
  }
}

Result<void> Readable::each_salvaged(std::string_view table, const Use& use, Loss& loss) const {
  if (loss.reason.empty()) loss.reason = closed_by_;
  const auto found = salvaged_.find(table);
  if (found == salvaged_.end()) return {};
  for (const auto& [key, value] : found->second) {
    auto used = use(key, value);
    if (!used && used.error().code() != TARSIER_CORRUPT) return used;
    if (!used) loss.add(used.error());
  }
  return {};
}

Result<std::string> set_aside_env(const Host& host, const std::string& name) {
  const std::string aside = std::string(kAsidePrefix) + name.substr(kPrefix.size());
  for (int copy = 1;; ++copy) {
    std::string to = copy == 1 ? aside : aside + "-" + std::to_string(copy);
    auto renamed = rename_env(host, name, to);
    if (renamed) return to;
    if (renamed.error().code() != TARSIER_INVALID || copy == kMostCopies) return std::move(renamed).error();
  }
}

}  // namespace tarsier::samples
