// A column of values in its sealed form: as decimals where all but a few are, as their bits otherwise, and either way as a column
// of integers. Always exact to the bit: a decimal is one only when it gives the very same bits back.
#pragma once

#include "integer_codec.hpp"

namespace tarsier::samples {

struct ValueHead {
  IntegerHead integers;
  uint8_t decimals = 0;                      // digits behind the point; kBitsOfDoubles: the integers are the values' bits
  std::span<const uint8_t> exceptions = {};  // rows that are no decimals; of the block's heads
};

inline constexpr uint8_t kBitsOfDoubles = 15;

/// Encodes columns one after the other, each beside the one before when that helps.
class ValueEncoder {
 public:
  /// `beside`: the column before has the same times. Values are not empty.
  void encode(std::span<const double> values, bool beside, ColumnStreams& out);
  /// The next column begins anew: the reader would have to decode too many before it.
  bool long_chain() const noexcept { return chain_ >= kMostChain; }

  static constexpr size_t kMostChain = 32;

 private:
  bool scale(std::span<const double> values, uint8_t decimals);
  void write_exceptions(std::span<const double> values, ByteWriter& out) const;
  void note_steps(const IntegerHead& head);

  std::vector<int64_t> integers_;     // exceptions repeat the integer before them
  std::vector<uint32_t> exceptions_;  // rows
  std::vector<int64_t> steps_;        // of the column before; empty when it cannot be a neighbour
  size_t chain_ = 0;                  // neighbours in a row
};

/// `rows` of the column.
ValueHead decode_value_head(ByteReader& in, uint64_t rows);

/// All rows have the same value.
bool is_constant(const ValueHead& head, double& value);

/// Turns the rows of `column` from `from` on into values, out[0] being that of `from`. False when the exceptions are malformed.
bool put_values(const ValueHead& head, const IntegerColumn& column, size_t from, std::span<double> out);

/// A column of times, in ms where all are.
void encode_times(std::span<const int64_t> times, ColumnStreams& out);
struct TimeHead {
  IntegerHead integers;
  bool millis = false;
};
TimeHead decode_time_head(ByteReader& in);
/// False when a time does not fit into 64 bits, or they do not ascend.
bool put_times(const TimeHead& head, const IntegerColumn& column, std::vector<int64_t>& out);

}  // namespace tarsier::samples
