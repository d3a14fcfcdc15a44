// Replay: puts what catalogs and journals hold into the head, at a start. Labels and samples are read side by side: the samples of
// a series are told apart by its number, which is all that a journal says of it, and come to their series when both are there.
#pragma once

#include "exemplar_buffer.hpp"
#include "head.hpp"
#include "journal.hpp"
#include "metadata_table.hpp"
#include "query.hpp"
#include "series_catalog.hpp"

namespace tarsier::samples {

class Replay {
 public:
  Replay(Head& head, MetadataTable& metadata, ExemplarBuffer& exemplars)
      : labels_(head, metadata, exemplars), samples_(head.window()), head_(head) {}

  /// The caller holds the head's lock for writing. Limits are not checked: they were when it was written. Samples of series that
  /// nothing defines are left out, and the journal is told of them.
  Result<void> run(SeriesCatalog& catalog, Journal& journal, const ParallelFor& parallel_for);
  /// How many series the catalogs have.
  uint32_t catalogued() const noexcept { return catalogued_; }

 private:
  /// Makes the series, and what else there is beside samples.
  class Definitions final : public JournalVisitor {
   public:
    Definitions(Head& head, MetadataTable& metadata, ExemplarBuffer& exemplars)
        : head_(head), metadata_(metadata), exemplars_(exemplars) {}
    void series(const JournaledSeries& found) override;
    void metadata(std::string_view metric, Metadata metadata) override;
    void exemplar(std::string_view series, const Exemplar& exemplar) override;
    /// kNoSeries when nothing defines it. Fast for numbers that ascend.
    uint32_t find(uint64_t ref);

   private:
    void intern(const JournaledSeries& found);
    void add(uint64_t ref, uint64_t hash, std::span<const uint32_t> pairs);

    Head& head_;
    MetadataTable& metadata_;
    ExemplarBuffer& exemplars_;
    uint32_t last_ = 0;              // series that was found last
    std::vector<uint32_t> symbols_;  // of the texts of the record in hand
    std::vector<uint64_t> text_hashes_;
    std::vector<uint32_t> pairs_;                               // of its series: symbols
    std::vector<uint64_t> label_hashes_;                        // by series
    boost::unordered_flat_map<uint64_t, uint32_t> other_refs_;  // of series that were forgotten and came again
  };

  /// Makes chunks of the samples by number of the series.
  class Samples final : public JournalVisitor {
   public:
    explicit Samples(int64_t window) : window_(window) {}
    void samples(const JournaledSamples& samples) override;
    uint32_t size() const noexcept { return static_cast<uint32_t>(refs_.size()); }
    uint64_t ref(uint32_t at) const noexcept { return refs_[at]; }
    SeriesChunks& chunks(uint32_t at) noexcept { return chunks_[at]; }

   private:
    uint32_t find_or_add(uint64_t ref);

    const int64_t window_;
    std::vector<uint64_t> refs_;
    SegmentedVector<SeriesChunks> chunks_;  // of the same
    boost::unordered_flat_map<uint64_t, uint32_t> by_ref_;
    uint32_t last_ = 0;             // what was found last
    std::vector<uint32_t> places_;  // of the series of the record in hand
  };

  Result<void> define(SeriesCatalog& catalog, Journal& journal);
  Result<void> join(Journal& journal);

  Definitions labels_;
  Samples samples_;
  Head& head_;
  uint32_t catalogued_ = 0;
};

}  // namespace tarsier::samples
