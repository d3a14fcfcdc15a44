// Series by place: collectors emit in the same order each round, so the series at the same place of the last round is nearly always
// the one; a hash look-up is the fallback.
#include "plugins/collect/node/page.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "plugins/lib/exposition/metric_type.hpp"
#include "plugins/lib/exposition/text_writer.hpp"

namespace tarsier::node {
namespace {

// Help and type go with new series, and with all of them once in so many batches for those who missed it.
constexpr uint64_t kDescribeEvery = 240;

/// As the classic text format spells it.
std::string_view type_word(uint32_t type) noexcept {
  const std::string_view word = exposition::type_word(type);
  return word == "unknown" ? "untyped" : word;
}

}  // namespace

Page::FamilyId Page::family(const FamilySpec& spec) {
  const auto [found, made] = family_index_.try_emplace(std::string(spec.name), static_cast<FamilyId>(families_.size()));
  if (made) {
    families_.push_back({std::string(spec.name), std::string(spec.help), spec.type, {}});
    for (const std::string_view label : spec.labels) families_.back().labels.emplace_back(label);
  }
  return found->second;
}

void Page::begin_round() noexcept {
  ++round_;
  order_.swap(next_order_);
  next_order_.clear();
  sample_count_ = 0;
}

void Page::add(FamilyId family, std::initializer_list<std::string_view> values, double value) {
  Series& series = series_[find_or_make(family, values)];
  if (series.round == round_) return;
  series.round = round_;
  series.value = value;
  ++sample_count_;
}

size_t Page::find_or_make(FamilyId family, std::initializer_list<std::string_view> values) {
  key_.assign(reinterpret_cast<const char*>(&family), sizeof(family));
  for (const std::string_view value : values) key_.append(value).push_back('\0');
  const size_t place = next_order_.size();
  size_t index = place < order_.size() ? order_[place] : series_.size();
  if (index >= series_.size() || series_[index].key != key_) {
    const auto [found, made] = series_index_.try_emplace(key_, series_.size());
    index = found->second;
    if (made) {
      Series series{family, key_, {}, {}};
      std::vector<exposition::LabelText> labels;
      labels.reserve(values.size());
      const Family& owner = families_[family];
      for (size_t i = 0; i < values.size(); ++i) labels.push_back({owner.labels[i], values.begin()[i]});
      exposition::TextWriter::series(series.text, owner.name, labels);
      series_.push_back(std::move(series));
      sorted_valid_ = false;
    }
  }
  next_order_.push_back(index);
  return index;
}

void Page::sort() {
  if (sorted_valid_) return;
  sorted_.resize(series_.size());
  for (size_t i = 0; i < sorted_.size(); ++i) sorted_[i] = i;
  std::sort(sorted_.begin(), sorted_.end(), [&](size_t a, size_t b) {
    const Series &left = series_[a], &right = series_[b];
    if (left.family != right.family) return families_[left.family].name < families_[right.family].name;
    return left.key < right.key;
  });
  sorted_valid_ = true;
}

void Page::write_text(std::string& out) {
  sort();
  exposition::TextWriter writer(out);
  const Family* last = nullptr;
  for (const size_t index : sorted_) {
    const Series& series = series_[index];
    if (series.round != round_) continue;
    const Family& family = families_[series.family];
    if (&family != last) writer.family(family.name, family.help, type_word(family.type));
    last = &family;
    writer.sample(series.text, series.value);
  }
}

void Page::make_symbols(batch::SamplesBuilder& builder, Series& series) {
  const Family& family = families_[series.family];
  std::vector<batch::Label> labels = {{"__name__", family.name}};
  const char* value = series.key.data() + sizeof(FamilyId);
  for (const std::string& name : family.labels) {
    const size_t size = std::strlen(value);  // each value ends with NUL
    if (size > 0) labels.emplace_back(name, std::string_view(value, size));
    value += size + 1;
  }
  for (const auto& [name, text] : target_labels_) labels.emplace_back(name, text);
  std::stable_sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [name, text] : labels) {
    series.symbols.push_back(builder.labels().symbol(name));
    series.symbols.push_back(builder.labels().symbol(text));
  }
}

void Page::write_batch(batch::SamplesBuilder& builder, int64_t time_ns) {
  forget_unused(builder);
  const bool describe_all = batches_++ % kDescribeEvery == 0;
  series_added_ = 0;
  for (Series& series : series_) {
    const bool present = series.round == round_;
    if (!present && !series.published) continue;
    if (series.symbols.empty()) make_symbols(builder, series);
    builder.series_of_symbols(series.symbols);
    builder.sample(time_ns, present ? series.value : std::bit_cast<double>(TARSIER_STALE_NAN_BITS));
    if (present && (describe_all || !series.described)) {
      builder.metadata(families_[series.family].type, families_[series.family].help, "");
      series.described = true;
    }
    if (present && !series.published) ++series_added_;
    series.published = present;
  }
}

void Page::write_stale(batch::SamplesBuilder& builder, int64_t time_ns) {
  for (Series& series : series_) {
    if (!series.published) continue;
    builder.series_of_symbols(series.symbols);
    builder.sample(time_ns, std::bit_cast<double>(TARSIER_STALE_NAN_BITS));
    series.published = false;
  }
}

/// Starts over with symbols and series when more than a quarter of them is history: devices and mounts that came and went.
void Page::forget_unused(batch::SamplesBuilder& builder) {
  const auto unused = [&](const Series& series) { return series.round != round_ && !series.published; };
  const auto count = static_cast<size_t>(std::count_if(series_.begin(), series_.end(), unused));
  constexpr size_t kSmallest = 64;
  if (count < kSmallest || count * 4 < series_.size()) return;
  std::erase_if(series_, unused);
  series_index_.clear();
  for (size_t i = 0; i < series_.size(); ++i) {
    series_[i].symbols.clear();
    series_index_.emplace(series_[i].key, i);
  }
  order_.clear();
  next_order_.clear();
  sorted_valid_ = false;
  builder.clear(true);
}

}  // namespace tarsier::node
