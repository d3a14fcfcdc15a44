// Series, names and values of labels, over the head and the partitions in a range: found in the indexes alone, and no more kept
// than was asked for.
#include <algorithm>
#include <unordered_map>

#include "least_symbols.hpp"
#include "store.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kBetweenLooks = 1024;  // for a cancel

/// Asks now and then whether the answer is still wanted.
class Looks {
 public:
  explicit Looks(const Store::Cancelled& cancelled) : cancelled_(cancelled) {}
  Result<void> look() {
    if (count_++ % kBetweenLooks == 0 && cancelled_ && cancelled_()) return Error{TARSIER_CANCELLED, "the query was cancelled"};
    return {};
  }

 private:
  const Store::Cancelled& cancelled_;
  uint64_t count_ = 0;
};

/// Adds texts that are sorted to others that are, and keeps the first.
void merge_texts(std::vector<std::string> more, uint64_t most, std::vector<std::string>& texts) {
  const auto middle = static_cast<ptrdiff_t>(texts.size());
  texts.insert(texts.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  std::inplace_merge(texts.begin(), texts.begin() + middle, texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  if (most != 0 && texts.size() > most) texts.resize(most);
}

/// The first texts of a partition, whose symbols compare as they do.
Result<std::vector<std::string>> texts_of(const PartitionIndex& index, std::span<const Matcher> matchers, const ListLabels& list,
                                          uint64_t most, const Store::Cancelled& cancelled) {
  auto series = matchers.empty() ? Result<IdSet>(IdSet()) : match(index, matchers);
  if (!series) return std::move(series).error();
  LeastSymbols least(most, std::less<uint32_t>());
  Looks looks(cancelled);
  auto listed = list(index, matchers.empty() ? nullptr : &*series, [&](uint32_t symbol) -> Result<bool> {
    if (auto looked = looks.look(); !looked) return std::move(looked).error();
    return least.add(symbol);
  });
  if (!listed) return std::move(listed).error();
  std::vector<std::string> texts;
  for (const uint32_t symbol : least.take()) {
    auto text = index.text(symbol);
    if (!text) return std::move(text).error();
    texts.emplace_back(*text);
  }
  return texts;
}

/// The series that were told, to tell none twice: one may lie in the head and in several partitions.
class ToldSeries {
 public:
  explicit ToldSeries(std::shared_ptr<const SeriesTable> head) : head_(std::move(head)) {}
  /// The next source; what is told from now on is of it.
  const PartitionIndex& add_source(std::unique_ptr<PartitionIndex> index) {
    indexes_.push_back(std::move(index));
    return *indexes_.back();
  }
  void note(uint64_t hash, uint32_t number) { places_.emplace(hash, Place{static_cast<uint32_t>(indexes_.size()), number}); }
  /// False, too, when what was told cannot be read any more.
  bool knows(uint64_t hash, Labels labels) {
    const auto [first, last] = places_.equal_range(hash);
    return std::any_of(first, last, [&](const auto& entry) {
      const auto [source, number] = entry.second;
      labels_.clear();
      if (source == 0) head_->labels(number, labels_);
      const bool read = source == 0 || indexes_[source - 1]->labels(number, labels_).ok();
      return read && std::equal(labels.begin(), labels.end(), labels_.begin(), labels_.end());
    });
  }

 private:
  struct Place {
    uint32_t source = 0;  // 0: the head
    uint32_t number = 0;
  };
  const std::shared_ptr<const SeriesTable> head_;
  std::vector<std::unique_ptr<PartitionIndex>> indexes_;
  std::unordered_multimap<uint64_t, Place> places_;  // by hash of the labels
  std::vector<Label> labels_;
};

}  // namespace

Partitions Store::partitions_in(QueryRange range) const {
  Partitions partitions = sealed_.partitions();
  std::erase_if(partitions, [&](const auto& one) { return !one->overlaps(range.start, range.end); });
  return partitions;
}

/// Calls use(index) for each partition until it returns false; sets damaged ones aside.
Result<void> Store::each_index(const Partitions& partitions,
                               const std::function<Result<bool>(std::unique_ptr<PartitionIndex>)>& use) const {
  for (const auto& partition : partitions) {
    auto index = PartitionIndex::open(partition);
    auto more = index ? use(std::move(*index)) : Result<bool>(std::move(index).error());
    if (!more && more.error().code() != TARSIER_CORRUPT) return std::move(more).error();
    if (!more) sealed_.set_aside(partition, more.error());
    if (more && !*more) return {};
  }
  return {};
}

/// What ask(in_segments) says of the head, which is asked before the partitions, as in a query.
template <class Ask>
auto Store::ask_head(QueryRange range, const Ask& ask) const {
  const bool in_segments = sealed_.has_segments(range.start, range.end);
  auto answer = ask(in_segments);
  // What was in memory before may be in a segment now.
  if (answer && !in_segments && sealed_.has_segments(range.start, range.end)) return ask(true);
  return answer;
}

/// Symbols are kept while the lock is held, texts are copied after it.
Result<std::vector<std::string>> Store::head_texts(std::span<const Matcher> matchers, QueryRange range, const ListLabels& list,
                                                   uint64_t most, const Cancelled& cancelled) const {
  return ask_head(range, [&](bool in_segments) -> Result<std::vector<std::string>> {
    std::shared_ptr<const SeriesTable> table;
    LeastSymbols least(most, [&](uint32_t a, uint32_t b) { return table->symbols().text(a) < table->symbols().text(b); });
    Looks looks(cancelled);
    const auto add = [&](uint32_t symbol) -> Result<bool> {
      if (auto looked = looks.look(); !looked) return std::move(looked).error();
      return least.add(symbol);
    };
    if (auto listed = head_.list(matchers, range, in_segments, list, add, table); !listed) return std::move(listed).error();
    std::vector<std::string> texts;
    for (const uint32_t symbol : least.take()) texts.emplace_back(table->symbols().text(symbol));
    return texts;
  });
}

/// `list`: the symbols of an index that the series have, of all series where it is told none.
Result<std::vector<std::string>> Store::list_labels(std::span<const Matcher> matchers, QueryRange range, const ListLabels& list,
                                                    uint64_t most, const Cancelled& cancelled) const {
  auto texts = head_texts(matchers, range, list, most, cancelled);
  if (!texts) return texts;
  auto read = each_index(partitions_in(range), [&](std::unique_ptr<PartitionIndex> index) -> Result<bool> {
    auto found = texts_of(*index, matchers, list, most, cancelled);
    if (!found) return std::move(found).error();
    merge_texts(std::move(*found), most, *texts);
    return true;
  });
  if (!read) return std::move(read).error();
  return texts;
}

Result<std::vector<std::string>> Store::label_names(std::span<const Matcher> matchers, QueryRange range, uint64_t most,
                                                    const Cancelled& cancelled) const {
  return list_labels(matchers, range, names_of, most, cancelled);
}

Result<std::vector<std::string>> Store::label_values(std::string_view name, std::span<const Matcher> matchers, QueryRange range,
                                                     uint64_t most, const Cancelled& cancelled) const {
  const auto values = [name](const LabelIndex& index, const IdSet* series, const UseSymbol& use) {
    return values_of(index, name, series, use);
  };
  return list_labels(matchers, range, values, most, cancelled);
}

Result<void> Store::list_series(std::span<const Matcher> matchers, QueryRange range, uint64_t most, const Cancelled& cancelled,
                                const UseSeries& use) const {
  std::shared_ptr<const SeriesTable> table;
  auto live = ask_head(range, [&](bool in_segments) { return head_.live(matchers, range, in_segments, most, table); });
  if (!live) return std::move(live).error();
  const Partitions partitions = partitions_in(range);
  ToldSeries told(table);
  Looks looks(cancelled);
  std::vector<Label> labels;
  uint64_t left = most == 0 ? UINT64_MAX : most;
  const auto tell = [&](uint64_t hash, uint32_t number) -> Result<bool> {
    if (auto looked = looks.look(); !looked) return std::move(looked).error();
    if (!partitions.empty()) told.note(hash, number);
    auto more = use(hash, labels);
    if (!more) return more;
    return *more && --left != 0;
  };
  for (const uint32_t id : *live) {
    labels.clear();
    table->labels(id, labels);
    auto more = tell((*table)[id].hash, id);
    if (!more) return std::move(more).error();
    if (!*more) return {};
  }
  return each_index(partitions, [&](std::unique_ptr<PartitionIndex> opened) -> Result<bool> {
    auto ids = match(*opened, matchers);
    if (!ids) return std::move(ids).error();
    const PartitionIndex& index = told.add_source(std::move(opened));
    for (const uint32_t id : *ids) {
      labels.clear();
      if (auto found = index.labels(id, labels); !found) return std::move(found).error();
      const uint64_t hash = hash_labels(labels);
      if (told.knows(hash, labels)) continue;
      auto more = tell(hash, id);
      if (!more || !*more) return more;
    }
    return true;
  });
}

}  // namespace tarsier::samples
