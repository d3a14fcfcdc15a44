#include "plugins/lib/discovery/findings.hpp"

#include <algorithm>

namespace tarsier::discovery {
namespace {

constexpr int64_t kTellAgainNs = 1'000'000'000;

bool is_worth_another_try(tarsier_status status) {
  return status == TARSIER_AGAIN || status == TARSIER_RESOURCE || status == TARSIER_UNAVAILABLE;
}

}  // namespace

Result<void> Findings::withdraw() {
  again_.reset();  // the job takes the lock
  const std::lock_guard guard(lock_);
  armed_ = false;
  entries_.clear();  // the instance may be started again, with other shares
  problems_.clear();
  for (auto& [name, pool] : pools_) pool.targets.set(static_cast<double>(pool.target_count = 0));
  return found_.withdraw();
}

uint64_t Findings::enrol(const std::string& pool) {
  const std::lock_guard guard(lock_);
  const auto [known, is_new] = pools_.try_emplace(pool);
  if (is_new) {
    known->second.refreshes =
        Counter(host_, "tarsier_discovery_refreshes_total", "Attempts to find targets.", {field("config", pool)});
    known->second.failures = Counter(host_, "tarsier_discovery_refresh_failures_total",
                                     "Attempts that failed: the targets found before stay.", {field("config", pool)});
    known->second.targets = Gauge(host_, "tarsier_discovery_targets", "Targets found.", {field("config", pool)});
  }
  return ++last_owner_;
}

void Findings::tell(const Name& name, Entry& entry, std::vector<TargetLabels> targets) {
  Pool& pool = pools_.at(name.first);
  pool.target_count += targets.size() - entry.target_count;
  entry.target_count = targets.size();
  pool.targets.set(static_cast<double>(pool.target_count));
  const auto told = found_.set(name.first, name.second, targets);
  entry.untold = !told && is_worth_another_try(told.error().code());
  entry.targets = entry.untold ? std::move(targets) : std::vector<TargetLabels>();
  if (entry.untold) return arm();
  if (!told)
    host_.error("targets are lost",
                {field("config", name.first), field("source", name.second), field("error", told.error().message())});
}

void Findings::arm() {
  if (armed_) return;
  auto timer = after(host_, "tell targets again", kTellAgainNs, [this] { tell_again(); });
  if (!timer) {
    host_.warn("targets wait until others are found", {field("error", timer.error().message())});
    return;
  }
  again_ = std::move(*timer);
  armed_ = true;
}

void Findings::tell_again() {
  const std::lock_guard guard(lock_);
  armed_ = false;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->second.untold) tell(entry->first, entry->second, std::move(entry->second.targets));
    const bool is_over = entry->second.owners.empty() && !entry->second.untold;
    entry = is_over ? entries_.erase(entry) : std::next(entry);
  }
}

std::map<Findings::Name, Findings::Entry>::iterator Findings::disown(std::map<Name, Entry>::iterator entry, uint64_t owner) {
  if (entry->second.owners.erase(owner) == 0 || !entry->second.owners.empty()) return std::next(entry);
  tell(entry->first, entry->second, {});
  return entry->second.untold ? std::next(entry) : entries_.erase(entry);
}

void Findings::show_health() {
  if (problems_.empty()) return host_.ok();
  std::string reason = problems_.begin()->second;
  if (problems_.size() > 1) reason += " (and " + std::to_string(problems_.size() - 1) + " more)";
  host_.degraded(reason);
}

void Share::claim(const std::string& source) {
  const std::lock_guard guard(findings_.lock_);
  findings_.entries_[{pool_, source}].owners.insert(number_);
}

void Share::claim_all(std::string_view prefix) {
  const std::lock_guard guard(findings_.lock_);
  for (auto& [name, entry] : findings_.entries_)
    if (name.first == pool_ && name.second.starts_with(prefix)) entry.owners.insert(number_);
}

std::vector<std::string> Share::sources() const {
  const std::lock_guard guard(findings_.lock_);
  std::vector<std::string> names;
  for (const auto& [name, entry] : findings_.entries_)
    if (name.first == pool_ && entry.owners.contains(number_)) names.push_back(name.second);
  return names;
}

void Share::set(const std::string& source, std::vector<TargetLabels> targets) {
  const std::lock_guard guard(findings_.lock_);
  if (ended_) return;
  auto& entry = findings_.entries_[{pool_, source}];
  entry.owners.insert(number_);
  if (*entry.owners.rbegin() == number_) findings_.tell({pool_, source}, entry, std::move(targets));
}

void Share::remove(const std::string& source) {
  const std::lock_guard guard(findings_.lock_);
  if (const auto entry = findings_.entries_.find({pool_, source}); entry != findings_.entries_.end())
    findings_.disown(entry, number_);
  if (findings_.problems_.erase({number_, source}) != 0) findings_.show_health();
}

void Share::refreshed(const std::string& source, const Result<void>& outcome) {
  const std::lock_guard guard(findings_.lock_);
  if (ended_) return;
  const auto& pool = findings_.pools_.at(pool_);
  pool.refreshes.add();
  if (outcome) {
    if (findings_.problems_.erase({number_, source}) != 0) findings_.show_health();
    return;
  }
  pool.failures.add();
  std::string& problem = findings_.problems_[{number_, source}];
  const std::string told = "config '" + pool_ + "': " + outcome.error().message();
  if (problem == told) return;
  problem = told;
  findings_.host_.warn("the targets found before stay", {field("config", pool_), field("error", outcome.error().message())});
  findings_.show_health();
}

void Share::end() {
  const std::lock_guard guard(findings_.lock_);
  ended_ = true;
  for (auto entry = findings_.entries_.begin(); entry != findings_.entries_.end();)
    entry = entry->first.first == pool_ ? findings_.disown(entry, number_) : std::next(entry);
  const size_t erased = std::erase_if(findings_.problems_, [&](const auto& problem) { return problem.first.first == number_; });
  if (erased != 0) findings_.show_health();
}

}  // namespace tarsier::discovery
