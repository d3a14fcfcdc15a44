#include "merged_source.hpp"

#include "summaries.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kSeriesBetweenLooks = 256;  // for a cancel

}  // namespace

Result<std::unique_ptr<MergedSource>> MergedSource::open(const Partitions& inputs, DeletionList deletions,
                                                         std::function<bool()> cancelled) {
  std::unique_ptr<MergedSource> source(new MergedSource(std::move(deletions), std::move(cancelled)));
  for (const auto& partition : inputs) {
    auto index = PartitionIndex::open(partition);
    if (!index) return std::move(index).error();
    auto samples = PartitionSamples::open(*partition, INT64_MIN, INT64_MAX);
    if (!samples) return std::move(samples).error();
    source->inputs_.push_back(Input{std::move(*index), std::move(*samples), 0, {}, false});
  }
  return source;
}

Result<void> MergedSource::load_labels(Input& input) {
  input.labels.clear();
  input.ended = input.series == input.index->series_count();
  if (input.ended) return {};
  auto found = input.index->labels(input.series, input.labels);
  if (!found) failed_ = input.index->partition();
  return found;
}

Result<bool> MergedSource::next() {
  if (count_ % kSeriesBetweenLooks == 0 && cancelled_ && cancelled_()) return Error{TARSIER_CANCELLED, "the merge was cancelled"};
  if (count_++ == 0) {
    for (Input& input : inputs_) {
      if (auto loaded = load_labels(input); !loaded) return std::move(loaded).error();
    }
  }
  for (const size_t place : current_) {
    ++inputs_[place].series;
    if (auto loaded = load_labels(inputs_[place]); !loaded) return std::move(loaded).error();
  }
  current_.clear();
  for (size_t place = 0; place < inputs_.size(); ++place) {
    if (inputs_[place].ended) continue;
    if (!current_.empty()) {
      const Labels first = labels(), own = inputs_[place].labels;
      if (before(first, own)) continue;
      if (before(own, first)) current_.clear();
    }
    current_.push_back(place);
  }
  return !current_.empty();
}

Result<void> MergedSource::samples(Columns& out) {
  if (!deletions_->empty()) series_deletions_.find(deletions_, labels());
  for (const size_t place : current_) {
    const size_t before = out.size();
    if (auto read = inputs_[place].samples.read(inputs_[place].series, out); !read) {
      failed_ = inputs_[place].index->partition();
      return read;
    }
    series_deletions_.drop(inputs_[place].index->partition()->cover(), out, before);
  }
  out.normalise();
  if (!out.summaries.empty()) join_summaries(out);
  return {};
}

}  // namespace tarsier::samples
