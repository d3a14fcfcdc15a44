// Names and values of labels, over the head and the partitions in a range. With matchers, those that a series that matches has:
// found in the indexes alone.
#include <algorithm>

#include "store.hpp"

namespace tarsier::samples {

/// Calls use(index) for every partition in the range; sets damaged ones aside.
Result<void> Store::each_index(QueryRange range, const std::function<Result<void>(const PartitionIndex&)>& use) const {
  for (const auto& partition : sealed_.partitions()) {
    if (!partition->overlaps(range.start, range.end)) continue;
    auto index = PartitionIndex::open(partition);
    Result<void> used = index ? use(**index) : Result<void>(std::move(index).error());
    if (!used && used.error().code() != TARSIER_CORRUPT) return used;
    if (!used) sealed_.set_aside(partition, used.error());
  }
  return {};
}

/// `list`: the symbols of an index that the series have, of all series where it is told none. The head first, as in a query.
Result<std::vector<std::string>> Store::list_labels(std::span<const Matcher> matchers, QueryRange range,
                                                    const ListLabels& list) const {
  std::vector<std::string> texts;
  const auto append = [](const LabelIndex& index, const std::vector<uint32_t>& symbols,
                         std::vector<std::string>& out) -> Result<void> {
    for (const uint32_t symbol : symbols) {
      auto text = index.text(symbol);
      if (!text) return std::move(text).error();
      out.emplace_back(*text);
    }
    return {};
  };
  std::shared_ptr<const SeriesTable> table;
  const bool in_segments = sealed_.has_segments(range.start, range.end);
  auto in_head = head_.list(matchers, range, in_segments, list, table);
  // What was in memory before may be in a segment now.
  if (in_head && !in_segments && sealed_.has_segments(range.start, range.end))
    in_head = head_.list(matchers, range, true, list, table);
  if (!in_head) return std::move(in_head).error();
  if (auto done = append(*table, *in_head, texts); !done) return std::move(done).error();
  auto read = each_index(range, [&](const PartitionIndex& index) -> Result<void> {
    auto series = matchers.empty() ? Result<IdSet>(IdSet()) : match(index, matchers);
    if (!series) return std::move(series).error();
    auto symbols = list(index, matchers.empty() ? nullptr : &*series);
    if (!symbols) return std::move(symbols).error();
    std::vector<std::string> found;
    if (auto done = append(index, *symbols, found); !done) return done;
    texts.insert(texts.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    return {};
  });
  if (!read) return std::move(read).error();
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

Result<std::vector<std::string>> Store::label_names(std::span<const Matcher> matchers, QueryRange range) const {
  return list_labels(matchers, range, names_of);
}

Result<std::vector<std::string>> Store::label_values(std::string_view name, std::span<const Matcher> matchers,
                                                     QueryRange range) const {
  return list_labels(matchers, range,
                     [name](const LabelIndex& index, const IdSet* series) { return values_of(index, name, series); });
}

}  // namespace tarsier::samples
