#include "exemplar_ingest.hpp"

#include "sample.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kNamedRefusals = 3;
constexpr size_t kMaxCharacters = 128;  // of an exemplar's labels, as OpenMetrics has it
constexpr int64_t kNsPerMs = 1'000'000;

size_t characters(std::string_view text) noexcept {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0U) != 0x80; }));
}

}  // namespace

/// The labels of a series of the batch, checked as those of any series are. False when they are unusable.
bool ExemplarIngest::use_series(const batch::SamplesView& samples, uint32_t set) {
  series_labels_.clear();
  if (samples.has_flat_sets()) {
    if (!decode_flat_set(samples.flat_set(set), series_labels_)) return false;
  } else {
    const batch::Sets& sets = samples.labels();
    for (uint32_t pair = 0; pair < sets.size(set); ++pair) {
      if (!sets.value(set, pair).empty()) series_labels_.emplace_back(sets.name(set, pair), sets.value(set, pair));
    }
  }
  size_t text_bytes = 0;
  for (const auto& [name, value] : series_labels_) text_bytes += name.size() + value.size();
  if (series_labels_.empty() || series_labels_.size() > options_.max_labels || text_bytes > options_.max_label_bytes) return false;
  encode_labels(series_labels_, series_);
  return true;
}

ExemplarIngest::Refusal ExemplarIngest::use_labels(std::span<const uint8_t> flat_set) {
  if (!decode_flat_set(flat_set, labels_)) return Refusal::labels;
  size_t total = 0;
  for (const auto& [name, value] : labels_) total += characters(name) + characters(value);
  if (total > kMaxCharacters) return Refusal::labels;
  encode_labels(labels_, encoded_);
  return Refusal::none;
}

void ExemplarIngest::refuse(Refusal reason, int64_t time) {
  static constexpr const char* kWhy[] = {"", "none are kept (max_exemplars is 0)",
                                         "unusable labels, or more than 128 characters of them", "exemplar too far in the future",
                                         "exemplar out of order"};
  std::atomic<uint64_t>* const counters[] = {nullptr, &counters_.exemplars_refused_disabled, &counters_.exemplars_refused_labels,
                                             &counters_.exemplars_refused_future, &counters_.exemplars_refused_out_of_order};
  const auto index = static_cast<size_t>(reason);
  counters[index]->fetch_add(1, std::memory_order_relaxed);
  if (refused_.count++ >= kNamedRefusals) return;
  refused_.text.append(refused_.text.empty() ? "" : "; ").append(kWhy[index]);
  if (reason == Refusal::disabled) {
    refused_.count = count_;  // one reason for all
    counters[index]->fetch_add(count_ - 1, std::memory_order_relaxed);
    return;
  }
  refused_.text.append(": ").append(to_text(series_labels_)).append(" at ").append(std::to_string(time / kNsPerMs)).append(" ms");
}

/// One that is there already is written again: its first entry may have failed.
ExemplarIngest::Refusal ExemplarIngest::take_one(const Exemplar& exemplar, int64_t latest, bool insert) {
  if (exemplar.time > latest) return Refusal::future;
  const ExemplarAdded added = insert ? buffer_.add(series_, exemplar) : buffer_.check(series_, exemplar);
  if (added == ExemplarAdded::out_of_order) return Refusal::out_of_order;
  (added == ExemplarAdded::kept ? counters_.exemplars_appended : counters_.exemplars_duplicate)
      .fetch_add(1, std::memory_order_relaxed);
  record_.add(series_, exemplar);
  return Refusal::none;
}

void ExemplarIngest::take(const batch::View& batch, const batch::SamplesView& samples, int64_t latest, bool insert,
                          std::vector<uint8_t>& record) {
  const batch::ExemplarsView exemplars(batch);
  count_ = exemplars.size();
  refused_ = {};
  if (count_ == 0) return;
  if (buffer_.most() == 0) return refuse(Refusal::disabled, 0);
  uint32_t set = UINT32_MAX;
  bool usable = false;
  for (size_t i = 0; i < exemplars.size(); ++i) {
    if (std::exchange(set, exemplars.series(i)) != exemplars.series(i)) usable = use_series(samples, set);
    Refusal refusal = usable ? use_labels(exemplars.labels(i)) : Refusal::labels;
    if (refusal == Refusal::none) refusal = take_one({exemplars.time(i), exemplars.value(i), encoded_}, latest, insert);
    if (refusal != Refusal::none) refuse(refusal, exemplars.time(i));
  }
  if (!record_.empty()) record_.encode(record);
}

Result<void> ExemplarIngest::insert(std::span<const uint8_t> record) {
  if (record.empty()) return {};
  return decode_exemplars(record, [&](std::string_view series, const Exemplar& exemplar) { (void)buffer_.add(series, exemplar); });
}

}  // namespace tarsier::samples
