// Judges passwords beside the page, which stays free for whoever types: the longest takes a second on a slow phone.
"use strict";

let estimate;

self.onmessage = ({ data: { scripts, lists, password, login } }) => {
  if (scripts) importScripts(...scripts);
  else if (lists) estimate = strengthEstimator(JSON.parse(lists));
  else postMessage(estimate(password, login));
};
