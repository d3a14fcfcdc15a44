// Quantiles and fractions of a classic histogram: cumulative buckets with upper bounds.
#pragma once

#include <vector>

namespace tarsier::promql {

struct Bucket {
  double upper;
  double count;
};

struct BucketQuantile {
  double value;
  bool forced = false;  // counts fell by more than rounding explains and were lifted
};

/// Sorts and mends `buckets`.
BucketQuantile bucket_quantile(double q, std::vector<Bucket>& buckets);
double bucket_fraction(double lower, double upper, std::vector<Bucket>& buckets);

}  // namespace tarsier::promql
