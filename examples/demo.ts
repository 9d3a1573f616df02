// A placeholder until the first scenario runs.
console.log('not built yet');
