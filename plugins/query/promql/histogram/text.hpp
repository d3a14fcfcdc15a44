// Histograms and their numbers as text, where they become the value of a label.
#pragma once

#include <string>

#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

/// The shortest digits that give the same number back; with an exponent below 1e-04 and from 1e+06 on.
std::string write_general(double value);
/// The same, but a whole number has its .0.
std::string write_openmetrics(double value);
/// {count:4, sum:5, [-2,-1):1, [-0.001,0.001]:1, (1,2]:2}
std::string write_histogram(const FloatHistogram& histogram);

}  // namespace tarsier::promql
