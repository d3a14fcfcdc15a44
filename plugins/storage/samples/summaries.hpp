// Summaries of the samples of one series, an interval each; and what is to be done where series of summaries meet.
//
// Intervals are open on the left, as PromQL's windows are, and aligned to the epoch. Of an interval stay: the last number with the
// summary of all of them, the last histogram, and a staleness marker when it is the last of all. The first number of a run of
// samples stays, too, as an anchor without a count, unless it is all of its interval: without it nobody could tell what a counter
// lost between this run and the one before it, which is in another partition.
#pragma once

#include "sample.hpp"

namespace tarsier::samples {

/// The end of the interval that a time lies in, which belongs to it; saturates at the ends of time.
int64_t interval_end(int64_t time, int64_t every_ns) noexcept;

/// Appends the summaries of `samples`, which ascend; some of them may be summaries of shorter intervals.
void summarise(Columns samples, int64_t every_ns, Columns& out);

/// Finds out the drops that could not be known before runs met, and takes away the anchors in between. What the first number lost
/// stays unknown (NaN), and an anchor stays an anchor.
void join_summaries(Columns& columns);

/// For readers: joined, each sample has a summary, and before the first number nothing was lost. That one may be an anchor: a
/// sample that counts in the summary after it.
void finish_summaries(Columns& columns);

}  // namespace tarsier::samples
