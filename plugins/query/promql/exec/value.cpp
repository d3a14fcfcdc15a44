#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {
namespace {

/// Cuts a column down to the entries from `from` up to `past`, into memory of that size.
template <class T>
void cut(std::vector<T>& column, size_t from, size_t past) {
  if (column.empty()) return;
  const auto begin = std::make_move_iterator(column.begin());
  column = std::vector<T>(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(past));
}

}  // namespace

void Series::cover(size_t step) {
  if (covers(step)) return;
  if (values.empty()) first = step;
  if (step < first) {
    values.insert(values.begin(), first - step, kNothing);
    if (!histograms.empty()) histograms.insert(histograms.begin(), first - step, nullptr);
    first = step;
  } else {
    values.resize(step - first + 1, kNothing);
    if (!histograms.empty()) histograms.resize(values.size());
  }
}

void Series::trim() {
  const auto present = [&](size_t i) { return is_present(values[i]) || (!histograms.empty() && histograms[i] != nullptr); };
  size_t from = 0, end = values.size();
  while (from < end && !present(from)) ++from;
  while (end > from && !present(end - 1)) --end;
  if (values.size() - (end - from) <= values.size() / 8) return;
  cut(values, from, end);
  cut(histograms, from, end);
  first = values.empty() ? 0 : first + from;
}

}  // namespace tarsier::promql
