// Sealing: one pass moves closed windows of time from the head into partitions and replaces the journal that held them. Killed at
// any step, nothing is lost and nothing counts twice:
//
//   1 rotate     the active file becomes journal N; from now on entries go to a fresh one
//   2 partitions one for each window, named after N
//   3 carry over what stays in the head is written to the active file again
//   4 finish     "journals up to N are done" is committed to the active file: the turning point
//   5 publish    queries see the partitions; then the head drops what they hold
//   6 remove     journal N
//
// Found at a start: a journal that is not done makes partitions with its number or a higher one worthless, since the journals still
// hold all that is in them; they are removed and the journals replayed. A journal that is done is removed unread.
#pragma once

#include "head.hpp"
#include "journal.hpp"
#include "metadata_table.hpp"
#include "partition.hpp"

namespace tarsier::samples {

class Sealing {
 public:
  Sealing(const Host& host, Head& head, Journal& journal, MetadataTable& metadata)
      : host_(host), head_(head), journal_(journal), metadata_(metadata) {}

  /// Seals everything before `cutoff` (a boundary of the window, or INT64_MAX: everything). `writer_mutex` is what keeps ingest
  /// out; it is held for the rotation and the carry-over, not while partitions are written. Calls `publish` with the new
  /// partitions.
  Result<void> run(int64_t cutoff, std::mutex& writer_mutex, const std::function<void(Partitions)>& publish);

  /// Before replay: removes the partitions that an unfinished pass left. Returns the names of those that stay.
  Result<std::vector<std::string>> recover();

 private:
  Result<void> write_partitions(SealWork& work, Partitions& made);
  Result<void> carry_over(const SealWork& work);
  void remove_made(Partitions& made);

  const Host& host_;
  Head& head_;
  Journal& journal_;
  MetadataTable& metadata_;
  uint64_t number_ = 0;  // of the last journal
};

}  // namespace tarsier::samples
