// Any bytes: verify() answers without touching anything outside, and what it accepts can be read whole.
#include <atomic>
#include <cstring>
#include <vector>

#include "tarsier/batch.hpp"

using namespace tarsier::batch;

namespace {

uint64_t read_everything(const View& view) {
  uint64_t sum = 0;
  const Sets sets(view);
  for (uint32_t set = 0; set < view.sets(); ++set) {
    for (uint32_t pair = 0; pair < sets.size(set); ++pair) {
      for (const char c : sets.name(set, pair)) sum += static_cast<uint8_t>(c);
      for (const char c : sets.value(set, pair)) sum += static_cast<uint8_t>(c);
    }
  }
  if (view.kind() != TARSIER_BATCH_SAMPLES) {
    for (const ColumnRule& rule : rules(view.kind()))
      for (const uint8_t byte : view.column<uint8_t>(rule.id)) sum += byte;
    return sum;
  }
  const SamplesView samples(view);
  for (uint32_t series = 0; series < samples.series_count(); ++series) {
    for (const int64_t time : samples.times(series)) sum += static_cast<uint64_t>(time);
    for (const double value : samples.values(series)) {
      uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof(bits));
      sum += bits;
    }
    if (samples.has_metadata()) sum += samples.help(series).size() + samples.unit(series).size();
    if (samples.has_flat_sets())
      for (const uint8_t byte : samples.flat_set(series)) sum += byte;
    for (size_t row = 0; samples.has_histograms() && row < samples.times(series).size(); ++row)
      for (const uint8_t byte : samples.histogram(series, row)) sum += byte;
  }
  const ExemplarsView exemplars(view);
  for (size_t i = 0; i < exemplars.size(); ++i) {
    sum += exemplars.series(i) + static_cast<uint64_t>(exemplars.time(i));
    for (const uint8_t byte : exemplars.labels(i)) sum += byte;
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint64_t> aligned((size + 7) / 8);
  if (size > 0) std::memcpy(aligned.data(), data, size);
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(aligned.data()), size);
  if (!verify(bytes)) return 0;
  static std::atomic<uint64_t> sink;  // so that the reads are not optimised away
  sink.store(read_everything(View(bytes)));
  return 0;
}
