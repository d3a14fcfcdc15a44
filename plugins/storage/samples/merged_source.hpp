// MergedSource: several partitions as one source, series by series. In memory are the texts of their labels, and one group of
// blocks of each.
#pragma once

#include <functional>

#include "deletion.hpp"
#include "partition_index.hpp"
#include "partition_samples.hpp"
#include "series_source.hpp"

namespace tarsier::samples {

class MergedSource final : public SeriesSource {
 public:
  /// `inputs` in the order in which they were sealed: of samples with equal times that of the first counts. `cancelled` is asked
  /// now and then; it ends the source with CANCELLED. What is deleted is left out.
  static Result<std::unique_ptr<MergedSource>> open(const Partitions& inputs, DeletionList deletions,
                                                    std::function<bool()> cancelled);

  Result<bool> next() override;
  Labels labels() const override { return inputs_[current_.front()].labels; }
  Result<void> samples(Columns& out) override;
  /// Where the last error came from; nothing when it came from no input.
  const std::shared_ptr<Partition>& failed() const noexcept { return failed_; }

 private:
  struct Input {
    std::unique_ptr<PartitionIndex> index;
    PartitionSamples samples;
    uint32_t series = 0;
    std::vector<Label> labels;
    bool ended = false;
  };
  MergedSource(DeletionList deletions, std::function<bool()> cancelled)
      : deletions_(std::move(deletions)), cancelled_(std::move(cancelled)) {}
  Result<void> load_labels(Input& input);

  const DeletionList deletions_;
  std::function<bool()> cancelled_;
  std::vector<Input> inputs_;
  std::vector<size_t> current_;  // inputs that have the current series, ascending
  std::shared_ptr<Partition> failed_;
  SeriesDeletions series_deletions_;
  uint64_t count_ = 0;
};

}  // namespace tarsier::samples
