#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "integer_codec.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kMostRatio = 1U << 24U;
constexpr size_t kPatchBits = 48;            // about, of one
constexpr unsigned kLeastPatchedWidth = 10;  // below it there is little to gain

unsigned width_of(uint64_t value) noexcept { return static_cast<unsigned>(std::bit_width(value)); }

/// log2 in 1/256, straight between powers of two: at most a tenth of a bit off.
uint64_t log2_256(uint64_t value) noexcept {
  const unsigned whole = width_of(value) - 1;
  const uint64_t rest = value - (uint64_t{1} << whole);
  return uint64_t{whole} * 256 + (whole >= 8 ? rest >> (whole - 8) : rest << (8 - whole));
}

/// How residuals are to be kept, and about how many bits that takes.
struct Plan {
  Predictor predictor = Predictor::first;
  uint64_t slope = 0;
  int64_t base = 0;
  int64_t lowest = 0;  // what lies outside [lowest, highest] is patched
  int64_t highest = 0;
  size_t patches = 0;
  unsigned packed_bits = 0;
  bool has_bytes = false;
  uint64_t cost = UINT64_MAX;

  unsigned width() const noexcept { return width_of(static_cast<uint64_t>(highest) - static_cast<uint64_t>(lowest)); }
};

/// Leaves far-out residuals to patches when that makes the rest narrower by more than they cost.
void choose_range(std::span<const int64_t> residuals, Plan& plan) {
  plan.lowest = INT64_MAX, plan.highest = INT64_MIN;
  for (const int64_t residual : residuals) {
    plan.lowest = std::min(plan.lowest, residual);
    plan.highest = std::max(plan.highest, residual);
  }
  if (plan.width() < kLeastPatchedWidth) return;
  std::array<uint32_t, 65> widths{};
  for (const int64_t residual : residuals) ++widths[width_of(zigzag(residual))];
  size_t outside = 0;
  unsigned width = 64;
  while (width > 0 && outside + widths[width] <= residuals.size() / 32 + 1) outside += widths[width--];
  if (outside == 0 || outside == residuals.size()) return;
  Plan inner = plan;
  inner.lowest = INT64_MAX, inner.highest = INT64_MIN;
  for (const int64_t residual : residuals) {
    if (width_of(zigzag(residual)) > width) continue;
    inner.lowest = std::min(inner.lowest, residual);
    inner.highest = std::max(inner.highest, residual);
  }
  const uint64_t saved = uint64_t{plan.width() - inner.width()} * residuals.size();
  if (saved <= outside * kPatchBits) return;
  plan = inner;
  plan.patches = static_cast<size_t>(std::count_if(
      residuals.begin(), residuals.end(), [&](int64_t residual) { return residual < inner.lowest || residual > inner.highest; }));
}

/// Chooses where the bits of a residual are cut into bytes that compress and bits that do not.
void choose_cut(std::span<const int64_t> residuals, Plan& plan) {
  const unsigned width = plan.width();
  const uint64_t count = residuals.size();
  plan.base = plan.lowest;
  plan.packed_bits = width;
  plan.has_bytes = width > kMostPackedBits;
  plan.cost = plan.has_bytes ? UINT64_MAX : count * width;
  if (plan.has_bytes) plan.packed_bits = kMostPackedBits;
  if (width == 0) return;
  // With few residuals a finer count would say little, and take longer than all else.
  const unsigned byte_bits = std::min({width, count < 64 ? 4U : count < 512 ? 6U : 8U});
  const unsigned finest = std::min(width - byte_bits, kMostPackedBits);
  size_t used = size_t{1} << (width - finest);
  std::array<uint32_t, 256> counts;
  std::fill_n(counts.begin(), used, 0);
  for (const int64_t residual : residuals) {
    const bool inside = residual >= plan.lowest && residual <= plan.highest;
    ++counts[inside ? (static_cast<uint64_t>(residual) - static_cast<uint64_t>(plan.lowest)) >> finest : 0];
  }
  const uint64_t all = log2_256(count);
  for (unsigned cut = finest; cut < std::min(width, kMostPackedBits + 1); ++cut, used /= 2) {
    if (cut != finest) {
      for (size_t i = 0; i < used; ++i) counts[i] = counts[2 * i] + counts[2 * i + 1];
    }
    uint64_t entropy = 0;  // in 1/256 bits
    for (size_t i = 0; i < used; ++i) entropy += counts[i] == 0 ? 0 : counts[i] * (all - log2_256(counts[i]));
    // Bytes cost time to unpack and their codes are shared with others, so they have to save something.
    const uint64_t cost = count * cut + (entropy / 256) * 17 / 16 + count / 16 + 16;
    if (cost + plan.cost / 32 >= plan.cost && plan.cost != UINT64_MAX) continue;
    plan.cost = cost, plan.packed_bits = cut, plan.has_bytes = true;
  }
}

/// `most_width`: wider ones are not looked at closer, they will not be better.
Plan plan_for(std::span<const int64_t> residuals, Predictor predictor, uint64_t slope, unsigned most_width) {
  Plan plan{.predictor = predictor, .slope = slope};
  choose_range(residuals, plan);
  if (plan.width() > most_width) return plan;
  choose_cut(residuals, plan);
  plan.cost += plan.patches * kPatchBits + (slope == 0 ? 0 : 24);
  return plan;
}

/// What all differences to the first are multiples of; 1 when a difference does not fit.
uint64_t common_unit(std::span<const int64_t> integers) noexcept {
  uint64_t unit = 0;
  for (const int64_t integer : integers) {
    int64_t above = 0;
    if (__builtin_sub_overflow(integer, integers.front(), &above) || above == INT64_MIN) return 1;
    unit = std::gcd(unit, static_cast<uint64_t>(above < 0 ? -above : above));
    if (unit == 1) return 1;
  }
  return unit;
}

uint64_t ratio_to(std::span<const int64_t> steps, std::span<const int64_t> neighbour) noexcept {
  double own = 0, other = 0;
  for (size_t row = 1; row < steps.size(); ++row) {
    if (steps[row] < 0 || neighbour[row] < 0) continue;  // the reset of a counter
    own += static_cast<double>(steps[row]);
    other += static_cast<double>(neighbour[row]);
  }
  const double ratio = other == 0 ? 0 : own / other * 65536;
  return ratio < static_cast<double>(kMostRatio) ? static_cast<uint64_t>(ratio + 0.5) : 0;
}

/// One column's way through the predictors.
class Encoder {
 public:
  Encoder(std::span<const int64_t> integers, const IntegerHead& head, ColumnStreams& out)
      : count_(integers.size() - 1),
        out_(out),
        multiples_(out.scratch.multiples),
        steps_(out.scratch.steps),
        residuals_(out.scratch.residuals) {
    multiples_.clear();
    steps_.clear();
    const auto unit = static_cast<int64_t>(head.unit);
    int64_t last = 0;
    for (const int64_t integer : integers) {
      const int64_t above = wrapping_sub(integer, head.first);
      const int64_t multiple = unit == 1 ? above : above / unit;
      multiples_.push_back(multiple);
      steps_.push_back(wrapping_sub(multiple, last));
      last = multiple;
    }
    residuals_.resize(count_);
  }

  Plan choose(std::span<const int64_t> neighbour) {
    Plan best = plan_for(predict(Predictor::last, 0, {}), Predictor::last, 0, 64);
    consider(best, Predictor::first, 0, {});
    const int64_t slope = multiples_.back() / static_cast<int64_t>(count_);
    const int64_t middle = multiples_[(count_ + 1) / 2];
    // A line is worth a look only where the middle is near it.
    const auto off = wrapping_sub(middle, wrapping_mul(slope, static_cast<int64_t>((count_ + 1) / 2)));
    if (slope != 0 && count_ > 1 && off / 4 <= std::abs(slope) && off / 4 >= -std::abs(slope)) {
      int64_t usual = steps_[1];  // of a column of times most steps are the same, the average is not
      if (std::count(steps_.begin() + 1, steps_.end(), usual) * 2 < static_cast<ptrdiff_t>(count_)) usual = steps_[count_ / 2];
      consider(best, Predictor::line, zigzag(usual), {});
      if (usual != slope) consider(best, Predictor::line, zigzag(slope), {});
    }
    if (!neighbour.empty()) {
      if (const uint64_t ratio = ratio_to(steps_, neighbour); ratio != 0) consider(best, Predictor::neighbour, ratio, neighbour);
    }
    return best;
  }

  /// Writes residuals to bytes and bits; patched ones are listed instead.
  void write(const Plan& plan, std::span<const int64_t> neighbour) {
    const auto residuals = predict(plan.predictor, plan.slope, neighbour);
    out_.scratch.patches.clear();
    ByteWriter patches(out_.scratch.patches);
    if (plan.patches != 0) patches.varint(plan.patches);
    const size_t bytes_at = out_.bytes.size();
    if (plan.has_bytes) out_.bytes.resize(bytes_at + residuals.size());
    size_t last = 0;
    BitPacker packer(out_.bits, residuals.size() * plan.packed_bits);
    for (size_t i = 0; i < residuals.size(); ++i) {
      uint64_t above = static_cast<uint64_t>(residuals[i]) - static_cast<uint64_t>(plan.base);
      if (residuals[i] < plan.lowest || residuals[i] > plan.highest) {
        patches.varint(i - last);
        patches.svarint(residuals[i]);
        last = i;
        above = 0;
      }
      if (plan.has_bytes) out_.bytes[bytes_at + i] = static_cast<uint8_t>(above >> plan.packed_bits);
      packer.put(above, plan.packed_bits);
    }
    packer.finish();
  }

 private:
  /// Appends `bits` bits in all.
  class BitPacker {
   public:
    BitPacker(std::vector<uint8_t>& out, size_t bits) : out_(out), at_(out.size()), end_(at_ + (bits + 7) / 8) {
      out_.resize(end_ + sizeof(uint64_t));
    }
    /// At most 56 bits: with the up to 7 that are pending they fit.
    void put(uint64_t value, unsigned bits) noexcept {
      pending_ |= (value & ((uint64_t{1} << bits) - 1)) << filled_;
      filled_ += bits;
      store();
      at_ += filled_ / 8;
      pending_ >>= filled_ & ~7U;
      filled_ %= 8;
    }
    void finish() {
      store();
      out_.resize(end_);
    }

   private:
    void store() noexcept {
      const uint64_t word = std::endian::native == std::endian::big ? __builtin_bswap64(pending_) : pending_;
      std::memcpy(out_.data() + at_, &word, sizeof(word));
    }

    std::vector<uint8_t>& out_;
    size_t at_;
    const size_t end_;
    uint64_t pending_ = 0;
    unsigned filled_ = 0;
  };
  static int64_t wrapping_mul(int64_t a, int64_t b) noexcept {
    return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }

  void consider(Plan& best, Predictor predictor, uint64_t slope, std::span<const int64_t> neighbour) {
    const Plan plan = plan_for(predict(predictor, slope, neighbour), predictor, slope, best.width());
    if (plan.cost < best.cost) best = plan;
  }

  std::span<const int64_t> predict(Predictor predictor, uint64_t slope, std::span<const int64_t> neighbour) {
    for (size_t i = 0; i < count_; ++i) {
      const size_t row = i + 1;
      switch (predictor) {
        case Predictor::first:
          residuals_[i] = multiples_[row];
          break;
        case Predictor::last:
          residuals_[i] = steps_[row];
          break;
        case Predictor::line:
          residuals_[i] = wrapping_sub(multiples_[row], wrapping_mul(unzigzag(slope), static_cast<int64_t>(row)));
          break;
        case Predictor::neighbour:
          residuals_[i] = wrapping_sub(steps_[row], scaled_step(neighbour[row], slope));
          break;
      }
    }
    return residuals_;
  }

  const size_t count_;
  ColumnStreams& out_;
  std::vector<int64_t>&multiples_, &steps_, &residuals_;
};

}  // namespace

IntegerHead encode_integers(std::span<const int64_t> integers, std::span<const int64_t> neighbour, ColumnStreams& out) {
  IntegerHead head;
  head.first = integers.front();
  head.rows = static_cast<uint32_t>(integers.size());
  head.bytes_at = out.bytes.size();
  head.bits_at = out.bits.size();
  ByteWriter writer(out.heads);
  head.constant = std::all_of(integers.begin(), integers.end(), [&](int64_t integer) { return integer == head.first; });
  if (head.constant) {
    writer.u8(kConstant);
    writer.svarint(head.first);
    return head;
  }
  head.unit = common_unit(integers);
  Encoder encoder(integers, head, out);
  const Plan plan = encoder.choose(neighbour);
  head.predictor = plan.predictor;
  head.slope = plan.slope;
  head.base = plan.base;
  head.packed_bits = static_cast<uint8_t>(plan.packed_bits);
  head.has_bytes = plan.has_bytes;
  encoder.write(plan, neighbour);
  const std::vector<uint8_t>& patches = out.scratch.patches;
  unsigned form = static_cast<unsigned>(plan.predictor);
  if (head.unit != 1) form |= kUnit;
  if (head.has_bytes) form |= kBytes;
  if (!patches.empty()) form |= kPatches;
  writer.u8(static_cast<uint8_t>(form));
  writer.svarint(head.first);
  if (head.unit != 1) writer.varint(head.unit);
  if (head.predictor >= Predictor::line) writer.varint(head.slope);
  writer.svarint(head.base);
  writer.u8(head.packed_bits);
  if (patches.empty()) return head;
  writer.varint(patches.size());
  writer.bytes(patches);
  return head;
}

}  // namespace tarsier::samples
