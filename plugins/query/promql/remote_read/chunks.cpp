#include "plugins/query/promql/remote_read/chunks.hpp"

#include <cmath>
#include <optional>
#include <span>

#include "plugins/query/promql/remote_read/bit_writer.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::promql {
namespace {

/// What both kinds of chunk begin with: how many samples there are, and times as differences.
class ChunkWriter {
 public:
  ChunkWriter() { out_.bits(0, 16); }
  size_t samples() const noexcept { return samples_; }

  Chunk finish(ChunkEncoding encoding) {
    out_.set_byte(0, static_cast<uint8_t>(samples_ >> 8U));
    out_.set_byte(1, static_cast<uint8_t>(samples_));
    return {min_ms_, last_ms_, encoding, out_.take()};
  }

 protected:
  /// How much longer this step is than the one before; of the second sample the step, of the first the time itself.
  int64_t step_to(int64_t time_ms) {
    const int64_t gap = samples_ == 0 ? time_ms : time_ms - last_ms_;
    const int64_t longer = samples_ < 2 ? gap : gap - gap_ms_;
    if (samples_ == 0) min_ms_ = time_ms;
    gap_ms_ = gap;
    last_ms_ = time_ms;
    ++samples_;
    return longer;
  }

  BitWriter out_;

 private:
  size_t samples_ = 0;
  int64_t min_ms_ = 0, last_ms_ = 0, gap_ms_ = 0;
};

class XorChunk : public ChunkWriter {
 public:
  void add(int64_t time_ms, double value) {
    const size_t before = samples();
    const int64_t step = step_to(time_ms);
    if (before == 0) {
      out_.signed_varint(step);
      return value_.first(out_, value);
    }
    if (before == 1) {
      out_.varint(static_cast<uint64_t>(step));
    } else {
      write_longer(step);
    }
    value_.next(out_, value);
  }

 private:
  void write_longer(int64_t by) {
    if (by == 0) return out_.bit(false);
    if (BitWriter::fits(by, 14)) {
      out_.bits(0b10, 2);
      return out_.bits(static_cast<uint64_t>(by), 14);
    }
    if (BitWriter::fits(by, 17)) {
      out_.bits(0b110, 3);
      return out_.bits(static_cast<uint64_t>(by), 17);
    }
    const bool short_enough = BitWriter::fits(by, 20);
    out_.bits(short_enough ? 0b1110 : 0b1111, 4);
    out_.bits(static_cast<uint64_t>(by), short_enough ? 20 : 64);
  }

  XorValue value_;
};

/// Histograms of one layout; the later ones follow without a counter reset between them, which is what a reader takes for granted.
class HistogramChunk : public ChunkWriter {
 public:
  HistogramChunk(const NativeHistogram& first, CounterReset reset) : layout_(first) {
    if (first.is_stale()) layout_.clear();
    constexpr uint8_t kHeaders[] = {0x00, 0x80, 0x40, 0xc0};
    out_.byte(kHeaders[static_cast<size_t>(reset)]);
    write_layout();
    values_.resize(3 + layout_.positive_buckets.size() + layout_.negative_buckets.size());
  }

  void add(int64_t time_ms, const NativeHistogram& histogram) {
    const bool first = samples() == 0;
    out_.signed_varbit(step_to(time_ms));
    size_t at = 0;
    const auto put = [&](double value) { first ? values_[at++].first(out_, value) : values_[at++].next(out_, value); };
    const bool stale = histogram.is_stale();
    put(stale ? 0 : histogram.count);
    put(stale ? 0 : histogram.zero_count);
    put(histogram.sum);
    if (stale) return;
    for (const double count : histogram.positive_buckets) put(count);
    for (const double count : histogram.negative_buckets) put(count);
    last_ = histogram;
  }

  /// Whether `next` may stand in this chunk.
  bool takes(const NativeHistogram& next) const {
    const bool gauge = layout_.counter_reset == CounterReset::gauge;
    if (samples() >= kSamplesInChunk || next.is_stale() || last_.is_stale() || layout_.schema != next.schema) return false;
    if (gauge != (next.counter_reset == CounterReset::gauge) || layout_.zero_threshold != next.zero_threshold) return false;
    if (layout_.positive_spans != next.positive_spans || layout_.negative_spans != next.negative_spans) return false;
    return layout_.custom_bounds == next.custom_bounds && (gauge || !is_reset(next));
  }
  /// Whether a counter has begun anew.
  bool is_reset(const NativeHistogram& next) const {
    if (next.counter_reset == CounterReset::yes || next.count < last_.count || next.zero_count < last_.zero_count) return true;
    return falls(last_.positive_buckets, next.positive_buckets) || falls(last_.negative_buckets, next.negative_buckets);
  }

 private:
  static bool falls(const std::vector<double>& before, const std::vector<double>& after) {
    for (size_t i = 0; i < std::min(before.size(), after.size()); ++i)
      if (after[i] < before[i]) return true;
    return false;
  }

  void write_layout() {
    write_zero_threshold(layout_.zero_threshold);
    out_.signed_varbit(layout_.schema);
    for (const auto* spans : {&layout_.positive_spans, &layout_.negative_spans}) {
      out_.varbit(spans->size());
      for (const BucketSpan& span : *spans) {
        out_.varbit(span.length);
        out_.signed_varbit(span.offset);
      }
    }
    if (layout_.schema != NativeHistogram::kCustomBuckets) return;
    out_.varbit(layout_.custom_bounds.size());
    for (const double bound : layout_.custom_bounds) write_bound(bound);
  }
  void write_zero_threshold(double threshold) {
    if (threshold == 0) return out_.byte(0);
    int exponent = 0;
    const double fraction = std::frexp(threshold, &exponent);
    if (fraction == 0.5 && exponent >= -242 && exponent <= 11) return out_.byte(static_cast<uint8_t>(exponent + 243));
    out_.byte(255);
    out_.number(threshold);
  }
  /// Thousandths up to 33554.43 are short.
  void write_bound(double bound) {
    const double thousandths = std::round(bound * 1000);
    if (bound * 1000 >= 0 && bound * 1000 <= 33554430 && thousandths / 1000 == bound)
      return out_.varbit(static_cast<uint64_t>(thousandths) + 1);
    out_.bit(false);
    out_.number(bound);
  }

  NativeHistogram layout_, last_;
  std::vector<XorValue> values_;  // count, zero count, sum, buckets
};

/// Cuts the samples of a series into chunks.
class ChunkCutter {
 public:
  void add_float(int64_t time_ms, double value) {
    end_histograms();
    if (floats_ && floats_->samples() >= kSamplesInChunk) end_floats();
    if (!floats_) floats_.emplace();
    floats_->add(time_ms, value);
  }
  void add_histogram(int64_t time_ms, const NativeHistogram& histogram) {
    end_floats();
    if (histograms_ && !histograms_->takes(histogram)) {
      const bool reset =
          !histogram.is_stale() && histogram.counter_reset != CounterReset::gauge && histograms_->is_reset(histogram);
      end_histograms();
      histograms_.emplace(histogram, reset ? CounterReset::yes : histogram.counter_reset);
    }
    if (!histograms_) histograms_.emplace(histogram, histogram.counter_reset);
    histograms_->add(time_ms, histogram);
  }
  std::vector<Chunk> finish() {
    end_floats();
    end_histograms();
    return std::move(chunks_);
  }

 private:
  void end_floats() {
    if (floats_) chunks_.push_back(floats_->finish(ChunkEncoding::kXor));
    floats_.reset();
  }
  void end_histograms() {
    if (histograms_) chunks_.push_back(histograms_->finish(ChunkEncoding::kFloatHistogram));
    histograms_.reset();
  }

  std::vector<Chunk> chunks_;
  std::optional<XorChunk> floats_;
  std::optional<HistogramChunk> histograms_;
};

}  // namespace

Result<std::vector<Chunk>> encode_chunks(const tarsier_series& series) {
  ChunkCutter cutter;
  NativeHistogram histogram;
  for (uint64_t i = 0; i < series.sample_count; ++i) {
    if (!is_histogram(series, i)) {
      cutter.add_float(ms_of(series.times_ns[i]), series.values[i]);
      continue;
    }
    const uint32_t begin = series.histogram_offsets[i];
    const std::span encoded(series.histogram_bytes + begin, series.histogram_offsets[i + 1] - begin);
    if (auto decoded = decode_histogram(encoded, histogram); !decoded) return Error(TARSIER_CORRUPT, decoded.error().message());
    cutter.add_histogram(ms_of(series.times_ns[i]), histogram);
  }
  return cutter.finish();
}

}  // namespace tarsier::promql
