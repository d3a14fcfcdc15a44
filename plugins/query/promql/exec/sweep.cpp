#include "plugins/query/promql/exec/sweep.hpp"

#include <algorithm>
#include <numeric>

namespace tarsier::promql {

Sweep::Sweep(const std::vector<Series>& series) : series_(&series), waiting_(series.size()) {
  std::iota(waiting_.begin(), waiting_.end(), 0U);
  begin();
}

void Sweep::begin(const std::vector<Series>& series, std::span<const uint32_t> members) {
  series_ = &series;
  waiting_.assign(members.begin(), members.end());
  begin();
}

void Sweep::begin() {
  const auto earlier_first = [&](uint32_t a, uint32_t b) { return (*series_)[a].first < (*series_)[b].first; };
  if (!std::is_sorted(waiting_.begin(), waiting_.end(), earlier_first))
    std::stable_sort(waiting_.begin(), waiting_.end(), earlier_first);
  next_ = 0;
  active_.clear();
  next_change_ = 0;
}

void Sweep::change(size_t step) {
  std::erase_if(active_, [&](uint32_t one) { return (*series_)[one].past() <= step; });
  const auto stayed = static_cast<std::ptrdiff_t>(active_.size());
  for (; next_ < waiting_.size() && (*series_)[waiting_[next_]].first <= step; ++next_)
    if ((*series_)[waiting_[next_]].past() > step) active_.push_back(waiting_[next_]);
  std::sort(active_.begin() + stayed, active_.end());
  std::inplace_merge(active_.begin(), active_.begin() + stayed, active_.end());
  next_change_ = next_ < waiting_.size() ? (*series_)[waiting_[next_]].first : SIZE_MAX;
  for (const uint32_t one : active_) next_change_ = std::min(next_change_, (*series_)[one].past());
}

}  // namespace tarsier::promql
