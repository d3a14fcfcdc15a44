// ExemplarIngest: the exemplars of a batch on their way into journal and buffer. Like samples they are acknowledged when the
// journal's entry is committed, and may be seen a moment before.
#pragma once

#include <string>
#include <vector>

#include "exemplar_buffer.hpp"
#include "options.hpp"
#include "tarsier/batch.hpp"

namespace tarsier::samples {

class ExemplarIngest {
 public:
  struct Refused {
    uint64_t count = 0;
    std::string text;  // of the first few
  };

  ExemplarIngest(ExemplarBuffer& buffer, const Options& options, Counters& counters)
      : buffer_(buffer), options_(options), counters_(counters) {}

  /// Those of the batch, none later than `latest`: checked, put into `record` as bytes, and into the buffer if `insert`. One caller
  /// at a time.
  void take(const batch::View& batch, const batch::SamplesView& samples, int64_t latest, bool insert, std::vector<uint8_t>& record);
  /// Puts what take() wrote into the buffer.
  Result<void> insert(std::span<const uint8_t> record);
  /// Of the last batch.
  uint64_t count() const noexcept { return count_; }
  const Refused& refused() const noexcept { return refused_; }

 private:
  enum class Refusal : uint8_t { none, disabled, labels, future, out_of_order };
  Refusal take_one(const Exemplar& exemplar, int64_t latest, bool insert);
  bool use_series(const batch::SamplesView& samples, uint32_t set);
  Refusal use_labels(std::span<const uint8_t> flat_set);
  void refuse(Refusal reason, int64_t time);

  ExemplarBuffer& buffer_;
  const Options& options_;
  Counters& counters_;

  // of the batch in hand
  uint64_t count_ = 0;
  Refused refused_;
  std::vector<Label> labels_;
  std::vector<Label> series_labels_;
  std::string series_;   // as bytes
  std::string encoded_;  // labels of one exemplar, as bytes
  ExemplarsRecord record_;
};

}  // namespace tarsier::samples
