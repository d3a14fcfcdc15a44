#include "exemplar_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace tarsier::samples {
namespace {

constexpr uint64_t kAllocation = 16;  // what an allocation costs beyond its bytes
constexpr uint64_t kMapNode = 64;     // of a series, beyond its labels
constexpr int kLookBack = 32;         // so many of a series are looked through for a duplicate

bool matches(std::span<const Matcher> matchers, Labels labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.matches(label_value(labels, matcher.name())); });
}

}  // namespace

uint64_t ExemplarBuffer::cost(const Entry& entry) noexcept { return sizeof(Entry) + kAllocation + entry.label_bytes; }
uint64_t ExemplarBuffer::cost(const SeriesMap::value_type& series) noexcept { return kMapNode + kAllocation + series.first.size(); }

ExemplarAdded ExemplarBuffer::judge(std::string_view series, const Exemplar& exemplar) const {
  const auto found = series_.find(series);
  if (found == series_.end()) return ExemplarAdded::kept;
  uint64_t at = found->second.newest;
  const Exemplar newest = entries_[at - first_].view();
  for (int looked = 0; looked < kLookBack; ++looked) {
    const Entry& entry = entries_[at - first_];
    if (entry.time < exemplar.time) break;
    if (entry.view() == exemplar) return ExemplarAdded::duplicate;
    if (entry.back == 0 || entry.back > at - first_) break;
    at -= entry.back;
  }
  if (exemplar.time != newest.time) return exemplar.time < newest.time ? ExemplarAdded::out_of_order : ExemplarAdded::kept;
  const bool older = exemplar.value < newest.value || (exemplar.value == newest.value && exemplar.labels < newest.labels);
  return older ? ExemplarAdded::out_of_order : ExemplarAdded::kept;
}

ExemplarAdded ExemplarBuffer::check(std::string_view series, const Exemplar& exemplar) const {
  const std::shared_lock lock(mutex_);
  return judge(series, exemplar);
}

ExemplarAdded ExemplarBuffer::add(std::string_view series, const Exemplar& exemplar) {
  const std::unique_lock lock(mutex_);
  const ExemplarAdded judged = judge(series, exemplar);
  if (judged != ExemplarAdded::kept) return judged;
  auto found = series_.find(series);
  const bool fresh = found == series_.end();
  if (fresh) {
    found = series_.emplace(std::string(series), Kept{}).first;
    bytes_ += cost(*found);
  }
  const uint64_t number = first_ + entries_.size();
  Entry entry;
  entry.time = exemplar.time;
  entry.value = exemplar.value;
  entry.series = &*found;
  entry.label_bytes = static_cast<uint32_t>(exemplar.labels.size());
  entry.labels = std::make_unique_for_overwrite<char[]>(exemplar.labels.size());
  std::copy(exemplar.labels.begin(), exemplar.labels.end(), entry.labels.get());
  if (!fresh) entry.back = static_cast<uint32_t>(std::min<uint64_t>(number - found->second.newest, UINT32_MAX));
  found->second.newest = number;
  ++found->second.count;
  bytes_ += cost(entry);
  entries_.push_back(std::move(entry));
  while (entries_.size() > most_ || (bytes_ > most_ * kBytesEach && entries_.size() > 1)) push_out();
  return judged;
}

void ExemplarBuffer::push_out() {
  const Entry& oldest = entries_.front();
  bytes_ -= cost(oldest);
  if (--oldest.series->second.count == 0) {
    bytes_ -= cost(*oldest.series);
    series_.erase(series_.find(oldest.series->first));
  }
  entries_.pop_front();
  ++first_;
}

uint64_t ExemplarBuffer::first() const {
  const std::shared_lock lock(mutex_);
  return first_;
}

uint64_t ExemplarBuffer::end() const {
  const std::shared_lock lock(mutex_);
  return first_ + entries_.size();
}

uint64_t ExemplarBuffer::size() const {
  const std::shared_lock lock(mutex_);
  return entries_.size();
}

uint64_t ExemplarBuffer::bytes() const {
  const std::shared_lock lock(mutex_);
  return bytes_;
}

/// From the newest back, then turned round.
void ExemplarBuffer::collect(const SeriesMap::value_type& series, int64_t start, int64_t end, std::vector<Found::Item>& out) const {
  for (uint64_t at = series.second.newest, left = series.second.count; left != 0; --left) {
    const Entry& entry = entries_[at - first_];
    if (entry.time < start) break;
    if (entry.time <= end) out.push_back({entry.time, entry.value, std::string(entry.view().labels)});
    at -= entry.back;
  }
  std::reverse(out.begin(), out.end());
}

Result<std::vector<ExemplarBuffer::Found>> ExemplarBuffer::select(std::span<const Matcher> matchers, int64_t start, int64_t end,
                                                                  const Limits& limits) const {
  std::vector<Found> found;
  std::vector<Label> labels;
  uint64_t total = 0;
  const std::shared_lock lock(mutex_);
  for (const auto& series : series_) {
    if (!decode_labels(series.first, labels) || !matches(matchers, labels)) continue;
    Found one;
    collect(series, start, end, one.exemplars);
    if (one.exemplars.empty()) continue;
    total += one.exemplars.size();
    if (limits.exemplars != 0 && total > limits.exemplars)
      return Error{TARSIER_RESOURCE, "the query reads more than " + std::to_string(limits.exemplars) + " exemplars"};
    if (limits.series != 0 && found.size() == limits.series)
      return Error{TARSIER_RESOURCE, "the query selects more than " + std::to_string(limits.series) + " series with exemplars"};
    one.series = series.first;
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace tarsier::samples
