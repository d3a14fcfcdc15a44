#include "cardinality.hpp"

#include <algorithm>

namespace tarsier::samples {
namespace {

constexpr size_t kAtOnce = 4096;  // values; about a millisecond under the lock

/// The greatest of what it is told, by symbols.
class Top {
 public:
  Top(tarsier_cardinality_kind kind, uint64_t most) : kind_(kind), most_(most) {}

  void add(uint32_t name, uint32_t value, uint64_t count) {
    if (count == 0 || most_ == 0) return;
    const Entry entry{count, name, value};
    if (entries_.size() == most_) {
      if (!greater(entry, entries_.front())) return;
      std::pop_heap(entries_.begin(), entries_.end(), greater);
      entries_.pop_back();
    }
    entries_.push_back(entry);
    std::push_heap(entries_.begin(), entries_.end(), greater);
  }
  void put(const Symbols& symbols, std::vector<CardinalityItem>& out) {
    std::sort_heap(entries_.begin(), entries_.end(), greater);
    for (const Entry& entry : entries_) {
      const auto text = [&](uint32_t symbol) { return symbol == kNoSymbol ? std::string() : std::string(symbols.text(symbol)); };
      out.push_back({kind_, text(entry.name), text(entry.value), entry.count});
    }
  }

 private:
  struct Entry {
    uint64_t count;
    uint32_t name, value;
  };
  /// Of equal ones the first that was interned is shown.
  static bool greater(const Entry& a, const Entry& b) noexcept {
    if (a.count != b.count) return a.count > b.count;
    return a.name != b.name ? a.name < b.name : a.value < b.value;
  }
  tarsier_cardinality_kind kind_;
  uint64_t most_;
  std::vector<Entry> entries_;  // a heap, the least first
};

class Count {
 public:
  Count(const Head& head, int64_t now, uint64_t top)
      : head_(head),
        table_(head.shared_table()),
        by_metric_(TARSIER_CARDINALITY_SERIES_BY_METRIC, top),
        values_(TARSIER_CARDINALITY_VALUES_BY_LABEL, top),
        bytes_(TARSIER_CARDINALITY_BYTES_BY_LABEL, top),
        by_pair_(TARSIER_CARDINALITY_SERIES_BY_PAIR, top),
        new_by_metric_(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC, top) {
    locked([&] {
      table_->names(names_);
      metric_name_ = table_->symbols().find(kMetricName);
      first_new_ = table_->ages().first_since(now - SeriesAges::kReachNs, table_->size());
    });
  }

  std::vector<CardinalityItem> run() {
    for (const uint32_t name : names_) count_label(name);
    std::vector<CardinalityItem> items;
    locked([&] {
      for (Top* top : {&by_metric_, &values_, &bytes_, &by_pair_, &new_by_metric_}) top->put(table_->symbols(), items);
    });
    return items;
  }

 private:
  /// The table may be replaced by another meanwhile; then this one stands still.
  template <class Body>
  void locked(Body&& body) const {
    head_.read([&](const SeriesTable&) { body(); });
  }
  void count_label(uint32_t name) {
    uint64_t bytes = 0;
    size_t done = 0;
    for (bool more = true; more;) {
      locked([&] {
        const auto values = table_->values(name);
        const size_t end = std::min(values.size(), done + kAtOnce);
        for (; done < end; ++done) bytes += count_value(name, values[done]);
        more = done < values.size();
      });
    }
    values_.add(name, kNoSymbol, done);
    bytes_.add(name, kNoSymbol, bytes);
  }
  /// Returns the bytes of the text.
  uint64_t count_value(uint32_t name, uint32_t value) {
    const IdSet& ids = *table_->series_with(name, value);
    by_pair_.add(name, value, ids.size());
    if (name == metric_name_) {
      by_metric_.add(value, kNoSymbol, ids.size());
      new_by_metric_.add(value, kNoSymbol, ids.count_from(first_new_));
    }
    return table_->symbols().text(value).size();
  }

  const Head& head_;
  const std::shared_ptr<const SeriesTable> table_;
  std::vector<uint32_t> names_;
  uint32_t metric_name_ = kNoSymbol;
  uint32_t first_new_ = 0;
  Top by_metric_, values_, bytes_, by_pair_, new_by_metric_;
};

}  // namespace

std::vector<CardinalityItem> cardinality(const Head& head, int64_t now, uint64_t top) { return Count(head, now, top).run(); }

}  // namespace tarsier::samples
