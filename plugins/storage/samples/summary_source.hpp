// SummarySource: the series of another source, summed up.
#pragma once

#include "series_source.hpp"
#include "summaries.hpp"

namespace tarsier::samples {

class SummarySource final : public SeriesSource {
 public:
  SummarySource(SeriesSource& source, int64_t every_ns) : source_(source), every_(every_ns) {}
  Result<bool> next() override { return source_.next(); }
  Labels labels() const override { return source_.labels(); }
  Result<void> samples(Columns& out) override {
    columns_.clear();
    if (auto read = source_.samples(columns_); !read) return read;
    summarise(columns_, every_, out);
    return {};
  }

 private:
  SeriesSource& source_;
  const int64_t every_;
  Columns columns_;
};

}  // namespace tarsier::samples
