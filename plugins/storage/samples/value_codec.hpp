// The sealed form of one series' values: one value repeated; or decimals as differences of integers, with the few values that are
// no decimals (NaN, -0, infinities) set apart; or XOR with the value before, byte by byte. Always exact to the bit. Blocks are
// compressed afterwards, so the forms are bytewise.
#pragma once

#include <span>
#include <vector>

#include "bytes.hpp"

namespace tarsier::samples {

void encode_sealed_values(std::span<const double> values, ByteWriter& out);
/// Appends `count` values; on malformed bytes the reader fails.
void decode_sealed_values(ByteReader& in, size_t count, std::vector<double>& out);

/// Times as differences of differences, in ms where all are.
void encode_sealed_times(std::span<const int64_t> times, ByteWriter& out);
void decode_sealed_times(ByteReader& in, std::vector<int64_t>& out);

}  // namespace tarsier::samples
