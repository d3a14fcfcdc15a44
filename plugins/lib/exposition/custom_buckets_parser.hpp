// CustomBucketsParser: a parser around another one that turns classic histograms into native ones with custom buckets, when all
// lines of one have come. It is used as the parser that it wraps.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/lib/exposition/classic_histogram.hpp"
#include "plugins/lib/exposition/text_parser.hpp"

namespace tarsier::exposition {

template <class Inner>
class CustomBucketsParser {
 public:
  static constexpr bool kHelpEscapesQuotes = Inner::kHelpEscapesQuotes;
  /// With `keep_classic` the lines themselves are entries, too; their exemplars are those of the histogram.
  CustomBucketsParser(Inner inner, bool keep_classic) : inner_(std::move(inner)), keep_classic_(keep_classic) {}

  /// As TextParser::next(). A histogram stands where its lines end.
  Entry next(std::string_view expected_series = {});

  // Of the sample, until the next call.
  std::string_view series() const noexcept { return emitting_ ? std::string_view(classic_.key()) : inner_.series(); }
  bool matched() const noexcept { return matched_; }
  double value() const noexcept { return emitting_ ? classic_.histogram().sum : inner_.value(); }
  bool has_timestamp() const noexcept { return emitting_ ? classic_.has_timestamp() : inner_.has_timestamp(); }
  int64_t timestamp_ms() const noexcept { return emitting_ ? classic_.timestamp_ms() : inner_.timestamp_ms(); }
  int64_t start_ms() const noexcept { return emitting_ ? classic_.start_ms() : inner_start_ms(); }
  const NativeHistogram* histogram() const noexcept { return emitting_ ? &classic_.histogram() : inner_histogram(); }
  std::span<const ClassicHistogram::Exemplar> exemplars() const noexcept {
    return emitting_ ? classic_.exemplars() : std::span<const ClassicHistogram::Exemplar>(exemplars_);
  }

  // Of HELP, TYPE and UNIT.
  std::string_view family() const noexcept { return inner_.family(); }
  std::string_view help() const noexcept { return inner_.help(); }
  uint32_t type() const noexcept { return inner_.type(); }
  std::string_view unit() const noexcept
    requires requires(const Inner& one) { one.unit(); }
  {
    return inner_.unit();
  }

  const Error& error() const noexcept { return failed_ ? error_ : inner_.error(); }

 private:
  /// Whether the entry is to be given; it is not when it is a part of a histogram alone.
  enum class Step : uint8_t { give, take_next, emit, fail };
  Step look_at_sample();
  void note_type();
  void collect(const HistogramPart& part);
  void copy_exemplars();
  bool begin_emitting();

  int64_t inner_start_ms() const noexcept {
    if constexpr (requires { inner_.start_ms(); }) return inner_.start_ms();
    return 0;
  }
  const NativeHistogram* inner_histogram() const noexcept {
    if constexpr (requires { inner_.histogram(); }) return inner_.histogram();
    return nullptr;
  }
  /// Calls each(labels, value, has_timestamp, timestamp_ms).
  template <class Each>
  void each_inner_exemplar(Each&& each) const {
    if constexpr (requires { inner_.exemplar(); }) {
      if (const auto* one = inner_.exemplar()) each(one->labels.labels(), one->value, one->has_timestamp, one->timestamp_ms);
    } else if constexpr (requires { inner_.exemplars(); }) {
      for (const auto& one : inner_.exemplars())
        each(std::span<const LabelText>(one.labels), one.value, one.has_timestamp, one.timestamp_ms);
    }
  }

  Inner inner_;
  const bool keep_classic_;
  Entry entry_ = Entry::end;  // of inner_
  bool emitting_ = false;     // a histogram is given, before that entry
  bool matched_ = false, failed_ = false;
  bool in_histograms_ = false;  // the page said TYPE histogram last
  std::string family_;          // of that
  ClassicHistogram classic_;
  std::string native_key_;  // of the native histogram that stands before the lines of the same
  SeriesText parsed_;
  std::string key_;
  std::vector<ClassicHistogram::Exemplar> exemplars_;
  Error error_{TARSIER_OK, {}};
};

template <class Inner>
Entry CustomBucketsParser<Inner>::next(std::string_view expected_series) {
  if (failed_) return Entry::invalid;
  bool is_new = !emitting_;
  if (std::exchange(emitting_, false)) classic_.clear();
  for (;; is_new = true) {
    if (is_new) entry_ = inner_.next(expected_series);
    Step step = Step::give;
    if (entry_ == Entry::sample) {
      step = look_at_sample();
    } else if (entry_ != Entry::invalid && begin_emitting()) {
      step = Step::emit;
    } else if (entry_ == Entry::type) {
      note_type();
    }
    if (step == Step::take_next) continue;
    if (step == Step::fail) return Entry::invalid;
    if (step == Step::emit) return matched_ = series() == expected_series, Entry::sample;
    matched_ = entry_ == Entry::sample && !expected_series.empty() && inner_.series() == expected_series;
    return entry_;
  }
}

template <class Inner>
typename CustomBucketsParser<Inner>::Step CustomBucketsParser<Inner>::look_at_sample() {
  const bool is_native = inner_histogram() != nullptr;
  if (!in_histograms_ && !is_native) return begin_emitting() ? Step::emit : (copy_exemplars(), Step::give);
  if (auto read = parsed_.parse(inner_.series(), {}); !read) {
    failed_ = true;
    error_ = std::move(read).error().in(quote(inner_.series()));
    return Step::fail;
  }
  const auto part = is_native ? std::nullopt : histogram_part(parsed_, family_, key_);
  const bool goes_on = part && classic_.collecting() && classic_.key() == key_;
  if (!goes_on && begin_emitting()) return Step::emit;
  if (is_native) series_key(parsed_, native_key_);
  if (!part || key_ == native_key_) return copy_exemplars(), Step::give;
  collect(*part);
  exemplars_.clear();
  return keep_classic_ ? Step::give : Step::take_next;
}

template <class Inner>
void CustomBucketsParser<Inner>::note_type() {
  in_histograms_ = inner_.type() == TARSIER_SERIES_HISTOGRAM;
  family_ = inner_.family();
  native_key_.clear();
}

template <class Inner>
void CustomBucketsParser<Inner>::collect(const HistogramPart& part) {
  if (!classic_.collecting()) classic_.begin(key_, inner_start_ms());
  classic_.add(part, inner_.value());
  classic_.set_timestamp(inner_.has_timestamp(), inner_.timestamp_ms());
  each_inner_exemplar([this](std::span<const LabelText> labels, double value, bool has_timestamp, int64_t timestamp_ms) {
    classic_.add_exemplar(labels, value, has_timestamp, timestamp_ms);
  });
}

/// As views, which live as long as the entry.
template <class Inner>
void CustomBucketsParser<Inner>::copy_exemplars() {
  exemplars_.clear();
  each_inner_exemplar([this](std::span<const LabelText> labels, double value, bool has_timestamp, int64_t timestamp_ms) {
    exemplars_.push_back({{labels.begin(), labels.end()}, value, has_timestamp, timestamp_ms});
  });
}

/// When lines were collected and they are a histogram.
template <class Inner>
bool CustomBucketsParser<Inner>::begin_emitting() {
  if (!classic_.collecting()) return false;
  emitting_ = classic_.convert();
  if (!emitting_) classic_.clear();
  return emitting_;
}

}  // namespace tarsier::exposition
