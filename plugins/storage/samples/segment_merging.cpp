#include "segment_merging.hpp"

#include <algorithm>
#include <set>

#include "segment_plan.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kSeriesBetweenLooks = 256;  // for a pause

}  // namespace

std::unique_lock<std::mutex> SegmentMerging::pause() {
  pauses_.fetch_add(1);
  std::unique_lock lock(mutex_);
  pauses_.fetch_sub(1);
  return lock;
}

/// What is damaged or has series that nobody knows stays as it is, and nothing is merged across it. Nor are segments of windows of
/// one length and of another: one may hold what the other holds a part of.
HeadSegments SegmentMerging::plan() const {
  // First, so that what is set aside meanwhile is seen there at least.
  const Sealed sealed = sealed_.all();
  std::vector<Cover> apart;
  for (const auto& partition : sealed.partitions) apart.push_back(partition->cover());
  for (const SetAside& one : sealed_.set_aside()) apart.push_back(one.cover);
  std::set<int64_t> lengths;
  for (const auto& segment : sealed.segments) lengths.insert(segment->info().name.window_ns);
  for (const int64_t length : lengths) {
    HeadSegments segments;
    std::vector<MergeCandidate> candidates;
    std::vector<Cover> others = apart;
    for (const auto& segment : sealed.segments) {
      if (segment->info().name.window_ns != length) {
        others.push_back(segment->cover());
        continue;
      }
      segments.push_back(segment);
      candidates.push_back({segment->cover(), segment->info().samples, segment->file_bytes()});
    }
    const auto run = plan_segment_merge(candidates, others);
    if (!run) continue;
    const auto begin = segments.begin();
    return {begin + static_cast<ptrdiff_t>(run->first), begin + static_cast<ptrdiff_t>(run->last)};
  }
  return {};
}

/// How many samples it wrote.
Result<uint64_t> SegmentMerging::copy(JoinedSegments& source, SegmentWriter& writer) const {
  Columns columns;
  uint64_t series = 0, samples = 0;
  while (true) {
    if (series++ % kSeriesBetweenLooks == 0 && !wanted()) return Error{TARSIER_CANCELLED, "the merge was cancelled"};
    auto more = source.next();
    if (!more) return std::move(more).error();
    if (!*more) return samples;
    columns.clear();
    if (auto read = source.samples(columns); !read) return std::move(read).error();
    if (columns.empty()) continue;
    samples += columns.size();
    if (auto added = writer.add(source.key(), columns); !added) return std::move(added).error();
  }
}

/// Null when all of it is deleted. What is deleted meanwhile is not left out, but its deletion concerns what is made as well.
Result<std::shared_ptr<HeadSegment>> SegmentMerging::write(const HeadSegments& inputs) {
  const auto table = head_.shared_table();
  auto source = JoinedSegments::open(inputs, *table, deletions_.all());
  if (!source) return std::move(source).error();
  if (auto checked = sealed_.check_cover(joint_cover(inputs), inputs.size()); !checked) return std::move(checked).error();
  SegmentName name = inputs.front()->info().name;
  name.last_flush = inputs.back()->info().name.last_flush;
  auto writer = SegmentWriter::begin(host_, name);
  if (!writer) return std::move(writer).error();
  auto samples = copy(*source, *writer);
  if (!samples) {
    if (samples.error().code() == TARSIER_CORRUPT && source->failed() != nullptr)
      sealed_.set_aside(source->failed(), samples.error());
    return std::move(samples).error();
  }
  if (*samples == 0) return std::shared_ptr<HeadSegment>();
  if (auto finished = writer->finish(); !finished) return std::move(finished).error();
  return open_made_segment(host_, writer->name());
}

/// False when it came to nothing: a query has found an input damaged meanwhile, so what was made of it is not to be trusted.
Result<bool> SegmentMerging::merge(const HeadSegments& inputs) {
  auto made = write(inputs);
  if (!made) return std::move(made).error();
  if (!sealed_.replace(inputs, *made)) return false;
  const std::string merged = std::to_string(inputs.size());
  const std::string name = *made == nullptr ? "none, for all is deleted" : (*made)->name();
  host_.debug("head segments were merged", {field("segments", merged), field("made", name)});
  return true;
}

Result<uint64_t> SegmentMerging::run() {
  uint64_t made = 0;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  while (lock.owns_lock() && wanted()) {
    const HeadSegments inputs = plan();
    if (inputs.empty()) break;
    auto merged = merge(inputs);
    if (merged) {
      made += *merged ? 1 : 0;
    } else if (merged.error().code() == TARSIER_CANCELLED) {
      break;
    } else if (std::none_of(inputs.begin(), inputs.end(), [](const auto& input) { return input->damaged(); })) {
      return std::move(merged).error().in("merge segments from " + inputs.front()->name() + " on");
    }  // else an input was set aside, and the plan is another one
  }
  return made;
}

}  // namespace tarsier::samples
